// Assertions: our own bugs, never a peer's fault. A failed assertion is not caught: the worker dies
// and the supervisor replaces it, because state that broke an invariant must not serve another
// request.

/**
 * Whether expensive checks run (poison on release, invariants after each mutation, leak checks).
 */
export const VERIFY: boolean = process.env['ZPROXY_VERIFY'] === '1';

/** An invariant of ZProxy itself was broken. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Dies with `text` (a constant) unless `condition` holds. */
export function assert(condition: boolean, text: string): asserts condition {
  if (!condition) fail(text);
}

/**
 * For the default arm of a switch over states: tells the compiler and the reader that nothing is
 * left.
 */
export function unreachable(_state: never): never {
  fail('unreachable state');
}

function fail(text: string): never {
  throw new AssertionError(text);
}
