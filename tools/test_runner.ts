// Runs test files, two at a time, each in a process group of its own that is ended at its time
// limit (node:test's own time limit leaves a process behind that does not end by itself). Failures
// are kept in full, with what their file printed; of skipped tests the reason is kept.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, type Step, type StepResult, stepEnvironment } from './steps.ts';
import type { TestOutcome } from './test_reporter.ts';

const FILES_AT_ONCE = 2;
const REPORTER = join(import.meta.dirname, 'test_reporter.ts');
const LEAVE_AT_ONCE = pathToFileURL(join(import.meta.dirname, 'leave_at_once.ts')).href;

/** Which files a step runs: all `*_test.ts` below the folders. */
export interface TestFolders {
  readonly folders: readonly string[];
  /** Milliseconds after which a file is ended and counts as failed. */
  readonly fileTimeoutMs: number;
}

/** A step that runs the tests of some folders. That there are none is a failure. */
export function testStep(name: string, options: TestFolders): Step {
  return { name, run: () => runTests(findTests(options.folders), options.fileTimeoutMs) };
}

/**
 * The test files below folders of the checkout, absolute and in order; none where there is none.
 */
export function findTests(folders: readonly string[]): string[] {
  const files: string[] = [];
  for (const folder of folders.map((name) => join(ROOT, name)).filter(existsSync)) {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile() || !entry.name.endsWith('_test.ts')) continue;
      if (entry.parentPath.includes('fixtures')) continue;
      files.push(join(entry.parentPath, entry.name));
    }
  }
  return files.sort();
}

/** Runs test files; suites are not counted, a file that breaks off counts as one failure more. */
export async function runTests(
  files: readonly string[],
  fileTimeoutMs: number,
): Promise<StepResult> {
  const results: StepResult[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'zproxy-test-'));
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < files.length) {
      const index = next++;
      results[index] = await runFile(files[index]!, join(folder, String(index)), fileTimeoutMs);
    }
  };
  try {
    await Promise.all(Array.from({ length: FILES_AT_ONCE }, work));
  } finally {
    rmSync(folder, { recursive: true });
  }
  if (results.length === 0) {
    return { passed: 0, failed: 1, skipped: 0, output: 'there are no test files' };
  }
  return {
    passed: results.reduce((sum, result) => sum + result.passed, 0),
    failed: results.reduce((sum, result) => sum + result.failed, 0),
    skipped: results.reduce((sum, result) => sum + result.skipped, 0),
    output: results.map((result) => result.output).join(''),
  };
}

/** How the process of a test file ended. */
interface FileEnd {
  /** '' where it ended by itself and well. */
  readonly trouble: string;
  readonly printed: string;
}

async function runFile(file: string, report: string, timeoutMs: number): Promise<StepResult> {
  const end = await runProcess(
    [
      '--disable-warning=ExperimentalWarning',
      `--import=${LEAVE_AT_ONCE}`,
      `--test-reporter=${REPORTER}`,
      `--test-reporter-destination=${report}`,
      file,
    ],
    timeoutMs,
  );
  const outcomes = readOutcomes(report);
  const count = (outcome: TestOutcome['outcome']): number =>
    outcomes.filter((line) => line.outcome === outcome).length;
  const hasFailures = count('failed') > 0;
  let trouble = '';
  if (end.trouble !== '' && !(hasFailures && end.trouble === EXIT_OF_FAILED_TESTS)) {
    trouble = end.trouble;
  } else if (outcomes.length === 0) {
    trouble = 'it ran no test';
  }
  return {
    passed: count('passed'),
    failed: count('failed') + (trouble === '' ? 0 : 1),
    skipped: count('skipped'),
    output: describeFile(relative(ROOT, file), outcomes, trouble, end.printed),
  };
}

function describeFile(
  path: string,
  outcomes: readonly TestOutcome[],
  trouble: string,
  printed: string,
): string {
  const lines: string[] = [];
  for (const { name, outcome, text } of outcomes) {
    if (outcome === 'skipped') lines.push(`skipped: ${name}${text === '' ? '' : ` (${text})`}`);
  }
  const failed = outcomes.filter(({ outcome }) => outcome === 'failed');
  if (failed.length > 0 || trouble !== '') {
    lines.push(`--- ${path}${trouble === '' ? '' : `: ${trouble}`}`);
    for (const { name, text } of failed) lines.push('', `failed: ${name}`, text);
    if (printed !== '') lines.push('', 'it printed:', printed.trimEnd());
  }
  return lines.map((line) => `${line}\n`).join('');
}

function readOutcomes(report: string): TestOutcome[] {
  try {
    const lines = readFileSync(report, 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => JSON.parse(line) as TestOutcome);
  } catch {
    return []; // the file ended before node:test had begun
  }
}

const EXIT_OF_FAILED_TESTS = 'exit code 1';
/** How long to wait for the end of the output, which a process that got away may hold open. */
const OUTPUT_GRACE_MS = 500;

function runProcess(args: readonly string[], timeoutMs: number): Promise<FileEnd> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: stepEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a group of its own: whatever it started is ended with it
    });
    let printed = '';
    let isLate = false;
    const keep = (chunk: Buffer): void => {
      printed += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const timer = setTimeout(() => {
      isLate = true;
      endGroup(child.pid);
    }, timeoutMs);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      endGroup(child.pid);
      const status = signal === null ? `exit code ${code}` : `ended by ${signal}`;
      const trouble = isLate ? `it did not end within ${timeoutMs / 1000} s` : status;
      const finish = (): void => resolve({ trouble: code === 0 ? '' : trouble, printed });
      child.on('close', finish);
      setTimeout(finish, OUTPUT_GRACE_MS);
    });
  });
}

/** Ends what is left of a test file's process group. */
function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // nothing is left of it
  }
}
