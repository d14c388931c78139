// How the real transports are opened for the suite, in its own process and in a child.

import type { BufferCounts, BufferPool } from '../../base/buffer_pool.ts';
import type { LogSink } from '../../base/log_sink.ts';
import { NodeTransport } from '../node_transport.ts';
import type { Transport } from '../transport.ts';
import { UringTransport } from '../uring_transport.ts';
import {
  makePool,
  RealEnvironment,
  SUITE_COUNTS,
  type SuiteEnvironment,
  type SuiteSubject,
} from './suite_environment.ts';

/** What a transport has to log is a failure here: a loop that stood still. */
const FAILING_LOG: LogSink = {
  log(_level, message): void {
    throw new Error(message);
  },
};

export type RealKind = 'node' | 'uring';

/** Opens a real transport over a pool. Throws where the kernel refuses io_uring. */
export function openRealTransport(
  kind: RealKind,
  pool: BufferPool,
  descriptorsMax: number,
): Transport {
  if (kind === 'node') return new NodeTransport(pool, { descriptorsMax });
  return new UringTransport(pool, { descriptorsMax, log: FAILING_LOG });
}

/**
 * The subject of a real transport; skipped, with the kernel's reason, where it cannot be opened.
 */
export async function realSubject(kind: RealKind): Promise<SuiteSubject> {
  const open = async (counts: BufferCounts = SUITE_COUNTS): Promise<SuiteEnvironment> => {
    const pool = makePool(counts);
    return new RealEnvironment(openRealTransport(kind, pool, Number.POSITIVE_INFINITY));
  };
  let skip: string | null = null;
  try {
    await (await open()).close();
  } catch (error) {
    if (kind === 'node') throw error;
    skip = `io_uring cannot be used here: ${(error as Error).message}`;
  }
  return { name: kind, skip, isReal: true, open };
}
