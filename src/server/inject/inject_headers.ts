// The fields of one message as a test looks at them: by name without regard to case, or all of them
// as they were sent.

export class InjectHeaders implements Iterable<readonly [name: string, value: string]> {
  /** Names as they were spelled, values as latin1 texts, in order. */
  readonly raw: readonly (readonly [name: string, value: string])[];

  constructor(raw: readonly (readonly [name: string, value: string])[]) {
    this.raw = raw;
  }

  /** The values of that name, joined by `, `; null where there is none. */
  get(name: string): string | null {
    const values = this.getAll(name);
    return values.length === 0 ? null : values.join(', ');
  }

  /** Each value of that name, in order. */
  getAll(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.raw.filter(([own]) => own.toLowerCase() === wanted).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  /** By name in lower case. */
  toObject(): Record<string, string> {
    const object: Record<string, string> = {};
    for (const [name] of this.raw) object[name.toLowerCase()] = this.get(name)!;
    return object;
  }

  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    return this.raw[Symbol.iterator]();
  }
}
