// The end of an exchange as middleware is told of it. Nothing is awaited, and nothing that goes
// wrong here can reach the exchange.

import { AssertionError } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { isPromise, watchHook } from './async_bridge.ts';
import type { MiddlewareSummary } from './middleware.ts';
import type { MiddlewareStep } from './pipeline.ts';

/** What the exchange knows at its end; may be an object that it uses again. */
export type SummaryFacts = Omit<MiddlewareSummary, 'state'>;

/** Runs the hooks of those steps that stand at or before `reached` in the pipeline. */
export function runCompleteHooks(
  steps: readonly MiddlewareStep[],
  reached: number,
  facts: SummaryFacts,
  state: Record<string, unknown>,
  clock: Clock,
): void {
  if (steps[0]!.index > reached) return;
  const summary = summaryOf(facts, state);
  for (let i = 0; i < steps.length && steps[i]!.index <= reached; i++) {
    const { hooks, failures } = steps[i]!;
    try {
      const result: unknown = hooks.onComplete!(summary);
      if (isPromise(result)) {
        watchHook(result, (error) => failures.report('onComplete', error, clock.nowMs));
      }
    } catch (error) {
      if (error instanceof AssertionError) throw error;
      failures.report('onComplete', error, clock.nowMs);
    }
  }
}

function summaryOf(facts: SummaryFacts, state: Record<string, unknown>): MiddlewareSummary {
  return {
    status: facts.status,
    error: facts.error,
    route: facts.route,
    upstream: facts.upstream,
    endpoint: facts.endpoint,
    durationMs: facts.durationMs,
    requestBodyBytes: facts.requestBodyBytes,
    responseBytes: facts.responseBytes,
    state,
  };
}
