// How a phase of middleware ended, or that it has not ended yet.

export const HookOutcome = {
  /** Nothing stands in the way: go on. */
  DONE: 0,
  /** `run.answer` is to be sent in place of an upstream's. */
  ANSWER: 1,
  /** A hook returned a promise: `onMiddlewareResume` follows, unless the run is cancelled. */
  SUSPENDED: 2,
  /** A hook threw, its promise was rejected or took too long; it was logged. Answer 500. */
  FAILED: 3,
  /** The pool had no buffer for what a hook wrote. Answer 503. */
  OVERLOADED: 4,
} as const;
export type HookOutcome = (typeof HookOutcome)[keyof typeof HookOutcome];
