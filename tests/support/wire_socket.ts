// One end of a real TCP connection for tests: keeps every byte that arrives, knows how the other
// side ended (FIN, RST or not at all), and lets a test wait for a condition instead of for a time.

import { connect, type Socket } from 'node:net';

const WAIT_MS = 10_000;
const BYTES_MIN = 16_384;

export class WireSocket {
  readonly socket: Socket;
  /** The other side sent its FIN. */
  isEnded = false;
  /** The connection broke off, by a RST as a rule. */
  isReset = false;
  isClosed = false;
  /** Called after each change. */
  onChange: () => void = () => {};
  #bytes: Buffer = Buffer.alloc(BYTES_MIN);
  #length = 0;
  readonly #waiters: Set<() => void> = new Set();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#append(chunk);
      this.#changed();
    });
    socket.on('end', () => {
      this.isEnded = true;
      this.#changed();
    });
    socket.on('error', () => {
      this.isReset = true;
      this.#changed();
    });
    socket.on('close', () => {
      this.isClosed = true;
      this.#changed();
    });
  }

  /** Everything that arrived. */
  get received(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  get receivedBytes(): number {
    return this.#length;
  }

  get receivedText(): string {
    return this.received.toString('latin1');
  }

  /** Sends bytes; text is taken as Latin-1. */
  write(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Sends our FIN. */
  end(): void {
    this.socket.end();
  }

  /** Sends a RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Stops reading, so that the kernel's buffers fill up. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Waits until `question` is answered with something truthy; fails with `what`. */
  until<T>(what: string, question: () => T): Promise<NonNullable<T>> {
    return new Promise((resolve, reject) => {
      const check = (): boolean => {
        let answer: T;
        try {
          answer = question();
        } catch (error) {
          finish();
          reject(error);
          return true;
        }
        if (!answer) return false;
        finish();
        resolve(answer);
        return true;
      };
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter = (): void => {
        check();
      };
      const timer = setTimeout(() => {
        finish();
        reject(new Error(`waited in vain: ${what}; received: ${this.#describe()}`));
      }, WAIT_MS);
      if (!check()) this.#waiters.add(waiter);
    });
  }

  /** Waits until the other side has closed or reset. */
  async over(): Promise<void> {
    await this.until('the connection is over', () => this.isEnded || this.isReset || this.isClosed);
  }

  #describe(): string {
    const state = `${this.isEnded ? ' FIN' : ''}${this.isReset ? ' RST' : ''}`;
    return JSON.stringify(this.receivedText.slice(-600)) + state;
  }

  #append(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (length > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(length, 2 * this.#bytes.length));
      this.received.copy(grown);
      this.#bytes = grown;
    }
    chunk.copy(this.#bytes, this.#length);
    this.#length = length;
  }

  #changed(): void {
    this.onChange();
    for (const waiter of [...this.#waiters]) waiter();
  }
}

/** Opens a connection; with `allowHalfOpen` a FIN from the other side is not answered by itself. */
export function openWireSocket(
  host: string,
  port: number,
  allowHalfOpen: boolean = false,
): Promise<WireSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(new WireSocket(socket));
    });
  });
}
