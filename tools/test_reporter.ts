// A reporter for node:test: one line of JSON per finished test, for test_runner.ts to add up.

import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

/** One line: a test that is over. */
export interface TestOutcome {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped, or the error with its stack. */
  readonly text: string;
}

// biome-ignore lint/style/noDefaultExport: node:test asks for a reporter as the default export.
export default async function* reportOutcomes(
  source: AsyncIterable<TestEvent>,
): AsyncGenerator<string> {
  for await (const event of source) {
    const outcome = outcomeOf(event);
    if (outcome !== null) yield `${JSON.stringify(outcome)}\n`;
  }
}

function outcomeOf(event: TestEvent): TestOutcome | null {
  if (event.type !== 'test:pass' && event.type !== 'test:fail') return null;
  const { name, details, skip, todo } = event.data;
  const reason = skip ?? todo;
  // A suite is its tests; one that is skipped whole has none to tell of it.
  const isSkippedSuite = details.type === 'suite' && skip !== undefined && skip !== false;
  if (details.type === 'suite' && !isSkippedSuite) return null;
  if (reason !== undefined && reason !== false) {
    return { name, outcome: 'skipped', text: typeof reason === 'string' ? reason : '' };
  }
  if (event.type === 'test:pass') return { name, outcome: 'passed', text: '' };
  const { error } = event.data.details;
  const cause = error.cause ?? error;
  const text = typeof cause === 'string' ? cause : inspect(cause, { depth: 6 });
  return { name, outcome: 'failed', text };
}
