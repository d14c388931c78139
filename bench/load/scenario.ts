// What a scenario is: something measured per proxy, in interleaved rounds.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Arrangement, type Pinning, type ProxyName } from './proxies.ts';

export interface BenchOptions {
  readonly isQuick: boolean;
  readonly rounds: number;
  readonly proxies: readonly ProxyName[];
}

/** One line of the table: a number per proxy and round. */
export interface Measurement {
  readonly metric: string;
  readonly unit: string;
  readonly isLowerBetter: boolean;
  /** Name of a proxy (or of a variant of one) to its value in each round. */
  readonly values: Readonly<Record<string, readonly number[]>>;
  /** The column that others are compared with, `zproxy` if not given. */
  readonly subject?: string;
}

export interface Scenario {
  readonly name: string;
  /** One line for `--help`. */
  readonly description: string;
  readonly pinning: Pinning;
  run(options: BenchOptions): Promise<readonly Measurement[]>;
}

/** Runs `use` with an arrangement in a fresh folder, and ends and removes everything after it. */
export async function withArrangement<T>(
  pinning: Pinning,
  use: (arrangement: Arrangement) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'zproxy-bench-'));
  chmodSync(folder, 0o755); // nginx's workers read it as another user
  const arrangement = new Arrangement(folder, pinning);
  try {
    return await use(arrangement);
  } finally {
    await arrangement.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Collects values per name. */
export class Series {
  readonly #values: Record<string, number[]> = {};

  add(name: string, value: number): void {
    this.#values[name] ??= [];
    this.#values[name].push(value);
  }

  get values(): Readonly<Record<string, readonly number[]>> {
    return this.#values;
  }
}
