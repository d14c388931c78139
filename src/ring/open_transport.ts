// Which transport serves: io_uring where the kernel grants it, else node:net, with the reason and
// the remedy in one sentence.

import { readFileSync } from 'node:fs';
import type { BufferPool } from '../base/buffer_pool.ts';
import { RING_COMPLETIONS, RING_ENTRIES } from '../base/limits.ts';
import { LogLevel, type LogSink } from '../base/log_sink.ts';
import { EACCES, EINVAL, ENOMEM, ENOSYS, EPERM, SysError } from '../sys/errno.ts';
import { IoUring } from '../sys/io_uring.ts';
import { testNativeCalls } from '../sys/self_check.ts';
import { NodeTransport } from './node_transport.ts';
import type { Transport } from './transport.ts';
import { UringTransport } from './uring_transport.ts';

/** What would be used, and why. `remedy` is '' for io_uring. */
export interface TransportProbe {
  readonly kind: 'uring' | 'node';
  readonly reason: string;
  readonly remedy: string;
}

export interface OpenTransportOptions {
  readonly choice: 'auto' | 'uring' | 'node';
  readonly pool: BufferPool;
  readonly log: LogSink;
  /** Descriptors that the process may have open. */
  readonly descriptorsMax: number;
}

/** The transport that was asked for cannot be had (only where the choice is 'uring'). */
export class TransportUnavailableError extends Error {
  override readonly name = 'TransportUnavailableError';
}

/** Tries io_uring as a worker would use it. */
export function probeTransport(): TransportProbe {
  if (process.platform !== 'linux') {
    return node(
      `io_uring exists on Linux only, this is ${process.platform}`,
      'run it on Linux 6.1',
    );
  }
  try {
    testNativeCalls();
    new IoUring({ entries: RING_ENTRIES, completions: RING_COMPLETIONS }).close();
  } catch (error) {
    return explainRefusal(error);
  }
  return { kind: 'uring', reason: 'the kernel grants io_uring', remedy: '' };
}

/** Opens the transport of a worker. With 'auto' a refusal is one warning and node:net serves. */
export function openTransport(options: OpenTransportOptions): Transport {
  const { choice, pool, log, descriptorsMax } = options;
  if (choice === 'node') return new NodeTransport(pool, { descriptorsMax });
  try {
    if (process.platform !== 'linux') throw new SysError('io_uring_setup', ENOSYS);
    testNativeCalls();
    return new UringTransport(pool, { descriptorsMax, log });
  } catch (error) {
    const { reason, remedy } = explainRefusal(error);
    if (choice === 'uring') {
      throw new TransportUnavailableError(`transport 'uring' cannot be used: ${reason}; ${remedy}`);
    }
    log.log(
      LogLevel.WARN,
      `transport: falling back to node:net (slower): ${reason}; to use io_uring, ${remedy}`,
    );
    return new NodeTransport(pool, { descriptorsMax });
  }
}

function explainRefusal(error: unknown): TransportProbe {
  if (!(error instanceof SysError)) {
    const text = error instanceof Error ? error.message : String(error);
    return node(text, 'use the Node release that this package pins');
  }
  switch (error.code) {
    case ENOSYS:
      return node(
        'this kernel has no io_uring, or a seccomp profile hides it',
        'run Linux 6.1 or newer and allow io_uring_setup, _enter and _register in the profile',
      );
    case EPERM:
    case EACCES:
      return node(refusedReason(), refusedRemedy());
    case EINVAL:
      return node(
        'the kernel is older than 6.1 (no IORING_SETUP_DEFER_TASKRUN)',
        'run Linux 6.1 or newer',
      );
    case ENOMEM:
      return node('the limit of locked memory is too low', 'raise it (ulimit -l)');
    default:
      return node(error.message, 'see the kernel log');
  }
}

function refusedReason(): string {
  return disabledLevel() > 0
    ? 'io_uring is disabled by kernel.io_uring_disabled'
    : 'a seccomp profile (Docker, Kubernetes) or security module forbids io_uring';
}

function refusedRemedy(): string {
  return disabledLevel() > 0
    ? 'set kernel.io_uring_disabled=0 with sysctl'
    : 'allow io_uring_setup, io_uring_enter and io_uring_register in the profile';
}

function disabledLevel(): number {
  try {
    return Number(readFileSync('/proc/sys/kernel/io_uring_disabled', 'utf8'));
  } catch {
    return 0;
  }
}

function node(reason: string, remedy: string): TransportProbe {
  return { kind: 'node', reason, remedy };
}
