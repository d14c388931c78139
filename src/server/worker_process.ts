// Starts a worker process: which descriptors it inherits and under which numbers. Everything that
// is not named here is CLOEXEC and stays with the supervisor.
//
//   0 /dev/null   1 stdout   2 stderr   3 messages   4 shared segment   5 descriptor channel
//   6... its listening sockets

import { type ChildProcess, spawn } from 'node:child_process';
import type { TransportChoice } from '../config/snapshot.ts';
import { compileCacheEnvironment } from './compile_cache.ts';
import { PROCESS_FLAGS } from './entry_path.ts';
import type { WorkerListener } from './worker_protocol.ts';

/** Number of the shared segment's descriptor inside a worker. */
export const WORKER_SEGMENT_DESCRIPTOR = 4;
/** Number of its end of the channel over which later sockets come (sys/descriptor_channel.ts). */
export const WORKER_CHANNEL_DESCRIPTOR = 5;
const FIRST_LISTENER_DESCRIPTOR = 6;
/**
 * Over node:net each write leaves garbage: with a young generation of 1 MiB (V8's own is 16) memory
 * stays flat while a large body passes. On the ring there is next to none, and it costs 5 % of CPU.
 */
const YOUNG_GENERATION_FLAG = '--max-semi-space-size=1';

export interface WorkerProcessOptions {
  /** The file that it runs. */
  readonly entry: string;
  readonly transport: TransportChoice;
  /** Here and below: the supervisor's numbers. */
  readonly segmentDescriptor: number;
  readonly channelDescriptor: number;
  readonly listeners: readonly WorkerListener[];
}

/** Starts a worker. */
export function spawnWorker(options: WorkerProcessOptions): ChildProcess {
  const flags =
    options.transport === 'node' ? [...PROCESS_FLAGS, YOUNG_GENERATION_FLAG] : PROCESS_FLAGS;
  return spawn(process.execPath, [...flags, options.entry], {
    stdio: [
      'ignore',
      'inherit',
      'inherit',
      'ipc',
      options.segmentDescriptor,
      options.channelDescriptor,
      ...options.listeners.map((listener) => listener.descriptor),
    ],
    serialization: 'advanced',
    env: compileCacheEnvironment(process.env),
  });
}

/** The same listeners under the numbers that they have in the worker. */
export function inheritedListeners(listeners: readonly WorkerListener[]): WorkerListener[] {
  return listeners.map(({ listenerIndex, socketId }, index) => ({
    descriptor: FIRST_LISTENER_DESCRIPTOR + index,
    listenerIndex,
    socketId,
  }));
}
