// The values that came from secret files: messages and `zproxy config print` show `***` in their
// place. They are known by what they are, not by where they stand, so that a copy of one (an
// alias, a constant that is used twice) is hidden as well.

/** What is shown instead. */
const SECRET_MASK = '***';

/** A shorter content hides whole values only: inside other texts it would hide half of them. */
const CONTENT_LENGTH_MIN = 4;

export class SecretTexts {
  /** Contents of the files. */
  readonly #contents = new Set<string>();
  /** Values that have such a content in them, such as `Bearer ...`. */
  readonly #values = new Set<string>();

  /** An empty content hides nothing. */
  add(content: string): void {
    if (content !== '') this.#contents.add(content);
  }

  /** `value` was made with the help of a content. */
  addValue(value: string): void {
    if (value !== '') this.#values.add(value);
  }

  /** Whether a single value of the configuration is secret. */
  isSecret(value: unknown): boolean {
    if (typeof value !== 'string') return false;
    if (this.#values.has(value)) return true;
    for (const content of this.#contents) {
      if (value === content) return true;
      if (content.length >= CONTENT_LENGTH_MIN && value.includes(content)) return true;
    }
    return false;
  }

  /** A copy of plain data with secrets masked; the data itself where there are none in it. */
  mask(value: unknown): unknown {
    if (this.#values.size === 0 && this.#contents.size === 0) return value;
    if (this.isSecret(value)) return SECRET_MASK;
    if (Array.isArray(value)) return value.map((item) => this.mask(item));
    if (value === null || typeof value !== 'object') return value;
    const entries = Object.entries(value).map(([key, inner]) => [key, this.mask(inner)]);
    return Object.fromEntries(entries) as unknown;
  }

  /** A sentence in which no secret is left. */
  maskText(text: string): string {
    let masked = text;
    for (const secret of [...this.#values, ...this.#contents]) {
      if (secret.length >= CONTENT_LENGTH_MIN) masked = masked.replaceAll(secret, SECRET_MASK);
    }
    return masked;
  }
}
