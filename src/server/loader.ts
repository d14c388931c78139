// Runs the loader process and takes its result.

import { spawn } from 'node:child_process';
import { ZProxyError } from '../base/errors.ts';
import type { ConfigResult } from '../config/compile_config.ts';
import { compileCacheEnvironment } from './compile_cache.ts';
import { entryPath, PROCESS_FLAGS } from './entry_path.ts';

/**
 * A config that fetches something may be slow; one that never ends must not hold up a start for
 * ever.
 */
const LOAD_TIMEOUT_MS = 60_000;

/**
 * Evaluates a config file in a process of its own. Rejects only where that process fails, or
 * `interruption` ends it.
 */
export function loadInProcess(file: string, interruption: AbortSignal): Promise<ConfigResult> {
  const child = spawn(process.execPath, [...PROCESS_FLAGS, entryPath('loader_main'), file], {
    // What the user's module prints is for the user; standard output carries the access log.
    stdio: ['ignore', 2, 2, 'ipc'],
    serialization: 'advanced',
    env: compileCacheEnvironment(process.env),
    timeout: LOAD_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    signal: interruption,
  });
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as ConfigResult));
    child.once('error', (error) => {
      const reason = interruption.aborted ? `stopped by ${interruption.reason}` : error.message;
      reject(loaderFailed(file, reason));
    });
    child.once('close', (code, signal) => {
      const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
      reject(loaderFailed(file, `the process that evaluates it ${how}`));
    });
  });
}

function loaderFailed(file: string, reason: string): ZProxyError {
  return new ZProxyError('ZP_CONFIG_LOADER', `reading ${file} failed: ${reason}`, {
    location: { file },
  });
}
