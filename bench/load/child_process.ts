// A process of the benchmark: started on given cores, ended by its id, and measured with all of its
// descendants.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100; // USER_HZ of every Linux architecture that Node runs on
const KILL_AFTER_MS = 5_000;

export interface StartOptions {
  /** Cores as taskset writes them: `0`, `0-1`. */
  readonly cores: string;
  readonly env?: Readonly<Record<string, string>>;
}

export class BenchProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  /** What it wrote to standard error, for messages. */
  stderr = '';

  constructor(command: string, args: readonly string[], options: StartOptions) {
    this.#child = spawn('taskset', ['-c', options.cores, command, ...args], {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr!.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.#exited = once(this.#child, 'exit');
  }

  /** taskset becomes the command, so this is the command's id. */
  get pid(): number {
    return this.#child.pid!;
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Asks it to end, and ends it where it does not. */
  async stop(): Promise<void> {
    if (this.hasExited) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => {
      for (const pid of this.pids()) process.kill(pid, 'SIGKILL');
    }, KILL_AFTER_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  /** Its own id and those of its descendants. */
  pids(): number[] {
    const children = new Map<number, number[]>();
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const fields = statFields(Number(name));
      if (fields === null) continue;
      const parent = Number(fields[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    }
    const pids = [this.pid];
    for (let i = 0; i < pids.length; i++) pids.push(...(children.get(pids[i]!) ?? []));
    return pids;
  }

  /** User and system time of all its living processes so far, in microseconds. */
  cpuMicroseconds(): number {
    let ticks = 0;
    for (const pid of this.pids()) {
      const fields = statFields(pid);
      if (fields !== null) ticks += Number(fields[11]) + Number(fields[12]);
    }
    return (ticks / TICKS_PER_SECOND) * 1e6;
  }

  /** Resident memory of all its processes, in bytes. */
  residentBytes(): number {
    let bytes = 0;
    for (const pid of this.pids()) {
      const match = /^VmRSS:\s+(\d+) kB/m.exec(readProc(`/proc/${pid}/status`));
      if (match !== null) bytes += Number(match[1]) * 1024;
    }
    return bytes;
  }
}

/** Fields of /proc/PID/stat from the third (state) on; null where the process is gone. */
function statFields(pid: number): string[] | null {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === '') return null;
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
