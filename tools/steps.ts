// A gate is a list of steps; each step is run, timed, counted and shown in one line. A command
// counts as one test; what it printed is shown only where it fails.

import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';

export const ROOT: string = join(import.meta.dirname, '..');

/** What a step came to. */
export interface StepResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Whole lines to show: failures in full, the reasons of what was skipped. */
  readonly output: string;
}

export interface Step {
  readonly name: string;
  run(): Promise<StepResult>;
}

/** A step that runs a command from the checkout's own binaries: one test. */
export function commandStep(name: string, command: string, args: readonly string[]): Step {
  return { name, run: () => runCommand(command, args) };
}

/** Runs the steps one after the other, shows a line for each, and returns the sums. */
export async function runSteps(steps: readonly Step[]): Promise<StepResult> {
  const sum = { passed: 0, failed: 0, skipped: 0, output: '' };
  for (const step of steps) {
    const startMs = performance.now();
    const result = await step.run();
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    const mark = result.failed > 0 ? 'FAIL' : 'ok';
    console.log(`${mark.padEnd(5)}${step.name.padEnd(13)}${describe(result)}${seconds} s`);
    if (result.output !== '') console.log(indent(result.output));
    sum.passed += result.passed;
    sum.failed += result.failed;
    sum.skipped += result.skipped;
  }
  return sum;
}

/** The closing line of a gate. */
export function closingLine(result: StepResult): string {
  return `${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`;
}

/**
 * The environment of every step: the checkout's binaries first, verification on, a compile cache.
 */
export function stepEnvironment(): NodeJS.ProcessEnv {
  const binaries = join(ROOT, 'node_modules', '.bin');
  const path = `${binaries}${delimiter}${process.env['PATH'] ?? ''}`;
  const cache = join(ROOT, '.cache', 'compile');
  return { NODE_COMPILE_CACHE: cache, ...process.env, PATH: path, ZPROXY_VERIFY: '1' };
}

function describe(result: StepResult): string {
  if (result.passed + result.failed + result.skipped === 1) return '';
  const failed = result.failed > 0 ? `${result.failed} failed, ` : '';
  const skipped = result.skipped > 0 ? `${result.skipped} skipped, ` : '';
  return `${result.passed} passed, ${failed}${skipped}`;
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^(?=.)/gm, '     ');
}

function runCommand(command: string, args: readonly string[]): Promise<StepResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: stepEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => {
      resolve({ passed: 0, failed: 1, skipped: 0, output: String(error) });
    });
    child.on('close', (code) => {
      const failed = code === 0 ? 0 : 1;
      resolve({ passed: 1 - failed, failed, skipped: 0, output: failed === 1 ? output : '' });
    });
  });
}
