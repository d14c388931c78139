// The one suite that every implementation of `Transport` passes. A subject says how it is opened; a
// subject that cannot run here says why, and its tests are skipped where everybody sees it.

import { strict as assert } from 'node:assert';
import { describe, type TestContext } from 'node:test';
import { describeDescriptors } from './descriptor_cases.ts';
import { describeEnds } from './end_cases.ts';
import { describeListeners } from './listener_cases.ts';
import { describeStreams, type RunCase } from './stream_cases.ts';
import type { SuiteSubject } from './suite_environment.ts';
import { expectClose } from './test_endpoint.ts';

const TIMEOUT_MS = 60_000;

/** Declares the tests of one transport. */
export function describeTransport(subject: SuiteSubject): void {
  const skip = subject.skip ?? false;
  describe(`${subject.name} transport`, { skip, timeout: TIMEOUT_MS }, () => {
    const run: RunCase = (body) => (context: TestContext) => runCase(subject, body, context);
    describeStreams(subject, run);
    describeEnds(run);
    describeListeners(subject, run);
    if (subject.isReal) describeDescriptors(subject);
  });
}

async function runCase(
  subject: SuiteSubject,
  body: Parameters<RunCase>[0],
  context: TestContext,
): Promise<void> {
  const environment = await subject.open();
  try {
    await body(environment, context);
  } finally {
    expectClose(environment.transport);
    await environment.close();
  }
  assert.equal(environment.transport.connectionsCount, 0, 'no connection is left');
  assert.equal(environment.transport.pool.ownedCount, 0, 'no buffer is left');
}
