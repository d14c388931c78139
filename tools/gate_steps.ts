// The steps of the local gate, which the whole test begins with, too.

import { commandStep, type Step } from './steps.ts';
import { testStep } from './test_runner.ts';

const UNIT_FOLDERS = ['src', 'tools', 'bench', 'tests/support'];
const UNIT_FILE_TIMEOUT_MS = 60_000;

/** Types, format and lint, layers, style, dead code, unit tests: under a minute together. */
export function gateSteps(): Step[] {
  return [
    commandStep('types', 'tsc', ['--noEmit', '-p', '.']),
    commandStep('examples', 'tsc', ['--noEmit', '-p', 'examples']),
    commandStep('lint', 'biome', ['ci', '--colors=off', '--error-on-warnings', '.']),
    commandStep('layers', process.execPath, ['tools/check_layers.ts']),
    commandStep('tidy', process.execPath, ['tools/tidy.ts']),
    commandStep('unused', 'knip', ['--no-progress']),
    testStep('unit', { folders: UNIT_FOLDERS, fileTimeoutMs: UNIT_FILE_TIMEOUT_MS }),
  ];
}
