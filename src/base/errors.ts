// Errors of the operator or of a middleware author: thrown, shown, never part of the data path.
// What a peer did wrong is a value from `http/exchange_error.ts` instead; what we did wrong is an
// assertion.

/** Where a configured thing was written. Lines and columns count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

export interface ZProxyErrorOptions {
  readonly cause?: unknown;
  readonly location?: SourceLocation | undefined;
}

const BRAND: unique symbol = Symbol.for('zproxy.error');

/**
 * An error with a stable `code` (`ZP_...`) whose message is one sentence: what was being done, the
 * value, what was wanted, the remedy.
 */
export class ZProxyError extends Error {
  override readonly name: string = 'ZProxyError';
  readonly code: string;
  readonly location: SourceLocation | undefined;

  constructor(code: string, message: string, options: ZProxyErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.location = options.location;
  }

  /** The package is several bundles, each with this class of its own: all of them count as one. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false;
    // A subclass inherits this, and is asked for itself.
    // biome-ignore lint/complexity/noThisInStatic: it is what tells them apart
    if (this === ZProxyError) return BRAND in value;
    // biome-ignore lint/complexity/noThisInStatic: see above
    return Function.prototype[Symbol.hasInstance].call(this, value);
  }
}

Object.defineProperty(ZProxyError.prototype, BRAND, { value: true });

/** `file:line:column` as editors understand it, or the file alone. */
export function formatLocation(location: SourceLocation): string {
  if (location.line === undefined) return location.file;
  if (location.column === undefined) return `${location.file}:${location.line}`;
  return `${location.file}:${location.line}:${location.column}`;
}
