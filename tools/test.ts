// The whole test, `npm test`: the local gate, then everything that needs sockets, other programs,
// or time.
//
//   node tools/test.ts           counts of long tests reduced: under 10 minutes on 2 cores
//   node tools/test.ts --full    the counts that the documents name (sets ZPROXY_TEST_FULL=1)
//   node tools/test.ts NAME...   only the steps of these names
//
// The last line is `N passed, N failed, N skipped`.

import { gateSteps } from './gate_steps.ts';
import { closingLine, runSteps, type Step } from './steps.ts';
import { packagesStep } from './system_packages.ts';
import { findTests, testStep } from './test_runner.ts';

const FILE_TIMEOUT_MS = 240_000;
const FILE_TIMEOUT_FULL_MS = 3_600_000;

const isFull = process.argv.includes('--full');
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
if (isFull) process.env['ZPROXY_TEST_FULL'] = '1';

const folders = ['conformance', 'integration', 'simulation', 'package'];
if (findTests(['tests/fuzz']).length > 0) folders.push('fuzz');
const steps: Step[] = [
  ...gateSteps(),
  packagesStep(),
  ...folders.map((folder) =>
    testStep(folder, {
      folders: [`tests/${folder}`],
      fileTimeoutMs: isFull ? FILE_TIMEOUT_FULL_MS : FILE_TIMEOUT_MS,
    }),
  ),
];
const result = await runSteps(
  steps.filter((step) => names.length === 0 || names.includes(step.name)),
);
// Whatever a test left open must not keep the run from ending; its file has failed by its time
// limit.
process.exitCode = result.failed > 0 || result.passed === 0 ? 1 : 0;
process.stdout.write(`${closingLine(result)}\n`, () => process.exit());
