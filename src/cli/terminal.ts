// What commands write, and where. Colour goes to terminals only, and never where NO_COLOR is set
// (no-color.org). Commands get a Terminal, so that tests can give them another.

/** The parts of a stream that commands use. */
export interface TerminalStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Both outputs of a command. */
export class Terminal {
  readonly #out: TerminalStream;
  readonly #errors: TerminalStream;
  readonly #isColoured: boolean;

  constructor(
    out: TerminalStream = process.stdout,
    errors: TerminalStream = process.stderr,
    environment: NodeJS.ProcessEnv = process.env,
  ) {
    this.#out = out;
    this.#errors = errors;
    const isPlain = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
    this.#isColoured = out.isTTY === true && !isPlain;
  }

  /** The result of a command. */
  print(line: string): void {
    this.#out.write(`${line}\n`);
  }

  /** What went wrong. */
  printError(line: string): void {
    this.#errors.write(`${line}\n`);
  }

  bold(text: string): string {
    return this.#styled(text, 1, 22);
  }

  faint(text: string): string {
    return this.#styled(text, 2, 22);
  }

  green(text: string): string {
    return this.#styled(text, 32, 39);
  }

  cyan(text: string): string {
    return this.#styled(text, 36, 39);
  }

  #styled(text: string, on: number, off: number): string {
    return this.#isColoured ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  }
}
