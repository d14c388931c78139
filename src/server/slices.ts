// Long work on a thread that serves requests, in slices: a generator says where it may be
// interrupted, and others decide how much of it is done at once.

/** Well below a millisecond, so that the step that goes over it ends within one. */
const SLICE_MS = 0.5;

/** Does all of it at once. */
export function runSteps<Result>(steps: Generator<void, Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/**
 * Does it a slice at a time, letting the event loop turn in between. Where it is not wanted any
 * more it is given up at the point that it has come to, and the result is null.
 */
export async function runInSlices<Result>(
  steps: Generator<void, Result, void>,
  isWanted: () => boolean,
): Promise<Result | null> {
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!isWanted()) {
      steps.return(undefined as never);
      return null;
    }
    const endMs = performance.now() + SLICE_MS;
    do {
      const step = steps.next();
      if (step.done === true) return step.value;
    } while (performance.now() < endMs);
  }
}
