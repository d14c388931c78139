// The one place where the data path waits for a promise: a hook's. Settling is told later, never
// from inside the call, with the ticket under which the wait began, so that a run that was
// cancelled or is used for another exchange meanwhile can tell a late one.

/** Who is told that a hook's promise has settled. Called from a microtask. */
export interface HookReceiver {
  onHookSettled(ticket: number, isRejected: boolean, value: unknown): void;
}

/** Whether a hook returned something to be awaited. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** Waits for `promise`; a thenable of any kind will do. */
export function awaitHook(
  promise: PromiseLike<unknown>,
  receiver: HookReceiver,
  ticket: number,
): void {
  void Promise.resolve(promise).then(
    (value) => receiver.onHookSettled(ticket, false, value),
    (error: unknown) => receiver.onHookSettled(ticket, true, error),
  );
}

/** Sees to a promise that nobody waits for: a rejection of it is told, not left unhandled. */
export function watchHook(
  promise: PromiseLike<unknown>,
  onRejected: (error: unknown) => void,
): void {
  void Promise.resolve(promise).then(undefined, onRejected);
}
