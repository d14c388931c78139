// Runs the loader process and takes its result.

import { spawn } from 'node:child_process';
import { deserialize } from 'node:v8';
import { ZProxyError } from '../base/errors.ts';
import type { ConfigResult } from '../config/compile_config.ts';
import { compileCacheEnvironment } from './compile_cache.ts';
import { entryPath, PROCESS_FLAGS } from './entry_path.ts';
import { LOADER_RESULT_DESCRIPTOR } from './loader_descriptor.ts';

/**
 * A config that fetches something may be slow; one that never ends must not hold up a start for
 * ever.
 */
const LOAD_TIMEOUT_MS = 60_000;
/** Node's exit code where a module waits for something that never comes. */
const EXIT_UNSETTLED = 13;

export interface LoaderOptions {
  /** Ends it. */
  readonly interruption: AbortSignal;
  /** Milliseconds that the module may take. */
  readonly timeoutMs?: number;
  /** Also the configuration with every default filled in. */
  readonly wantsEffective?: boolean;
}

/**
 * Reads a config file in a process of its own, modules and all. Rejects only where that process
 * cannot be run, or is interrupted; a module that ends it, or never ends, is an error of the
 * configuration.
 */
export function loadInProcess(file: string, options: LoaderOptions): Promise<ConfigResult> {
  const { interruption, timeoutMs = LOAD_TIMEOUT_MS, wantsEffective = false } = options;
  const wanted = wantsEffective ? [file, 'effective'] : [file];
  const child = spawn(process.execPath, [...PROCESS_FLAGS, entryPath('loader_main'), ...wanted], {
    // What the user's module prints is for the user; standard output carries the access log.
    stdio: ['ignore', 2, 2, 'pipe'],
    env: compileCacheEnvironment(process.env),
    killSignal: 'SIGKILL',
    signal: interruption,
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const pieces: Buffer[] = [];
  child.stdio[LOADER_RESULT_DESCRIPTOR]?.on('data', (piece: Buffer) => pieces.push(piece));
  const result = new Promise<ConfigResult>((resolve, reject) => {
    child.once('error', (error) => {
      const reason = interruption.aborted ? `stopped by ${interruption.reason}` : error.message;
      const text = `reading ${file} failed: ${reason}`;
      reject(new ZProxyError('ZP_CONFIG_LOADER', text, { location: { file } }));
    });
    child.once('close', (code, signal) => {
      if (isLate) resolve(unfinished(file, `it was not evaluated within ${timeoutMs / 1000} s`));
      // The loader itself ends with 0 once everything is written.
      else if (code === 0 && pieces.length > 0) resolve(deserialize(Buffer.concat(pieces)));
      else resolve(unfinished(file, describeExit(code, signal)));
    });
  });
  return result.finally(() => clearTimeout(timer));
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `the process that evaluates it was ended by ${signal}`;
  if (code === 0 || code === EXIT_UNSETTLED) {
    return (
      'the module waits for something that never comes, or ends the process; let it export a ' +
      'configuration'
    );
  }
  return `the process that evaluates it exited with code ${code}; let it export a configuration`;
}

function unfinished(file: string, wanted: string): ConfigResult {
  const place = { file, line: null, column: null, path: '' };
  return {
    errors: [{ ...place, code: 'ZP_CONFIG_UNFINISHED', value: null, wanted, suggestion: '' }],
  };
}
