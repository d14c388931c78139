// What the shared transport suite needs of a transport under test: a way to open it, to listen, and
// to wait until something may have happened. Real transports get theirs here; the simulated one
// brings its own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Arena } from '../../base/arena.ts';
import { type BufferCounts, BufferPool } from '../../base/buffer_pool.ts';
import {
  ARENA_STATIC_BYTES,
  BUFFER_LARGE_BYTES,
  BUFFER_MEDIUM_BYTES,
  BUFFER_SMALL_BYTES,
} from '../../base/limits.ts';
import type { SocketAddress } from '../../base/socket_address.ts';
import {
  closeDescriptor,
  localPort,
  openTcpListener,
  openUnixListener,
} from '../../sys/sockets.ts';
import type { Acceptor, Listener, Transport } from '../transport.ts';

export type AddressKind = 'ipv4' | 'ipv6' | 'unix';

export interface SuiteListener {
  readonly address: SocketAddress;
  readonly listener: Listener;
}

/** One open transport and what surrounds it. */
export interface SuiteEnvironment {
  readonly transport: Transport;
  /** Buffers that the transport itself owns while nothing is open. */
  readonly ownedAtRest: number;
  listen(kind: AddressKind, acceptor: Acceptor): SuiteListener;
  /** An address at which nothing listens. */
  deadAddress(kind: 'ipv4' | 'unix'): SocketAddress;
  /** Lets the transport work; resolves when something may have happened. */
  wait(): Promise<void>;
  /** Closes the transport and what was opened for it. */
  close(): Promise<void>;
}

/** A transport that the suite runs against. */
export interface SuiteSubject {
  readonly name: string;
  /** Why the whole suite is skipped here, or null. */
  readonly skip: string | null;
  /** The simulated one has no descriptors and no kernel. */
  readonly isReal: boolean;
  open(counts?: BufferCounts): Promise<SuiteEnvironment>;
}

export const SUITE_COUNTS: BufferCounts = { small: 512, medium: 64, large: 64 };
const PAGE_BYTES = 65_536;

/** A pool over an arena that just fits it. */
export function makePool(counts: BufferCounts): BufferPool {
  const byteCount =
    ARENA_STATIC_BYTES +
    counts.small * BUFFER_SMALL_BYTES +
    counts.medium * BUFFER_MEDIUM_BYTES +
    counts.large * BUFFER_LARGE_BYTES;
  return new BufferPool(new Arena(Math.ceil(byteCount / PAGE_BYTES) * PAGE_BYTES), counts);
}

/** Whether this system has an IPv6 loopback address. */
export function hasIpv6(): boolean {
  try {
    closeDescriptor(openTcpListener(tcpOptions('ipv6')));
    return true;
  } catch {
    return false;
  }
}

/** The environment of a transport that uses real sockets. */
export class RealEnvironment implements SuiteEnvironment {
  readonly transport: Transport;
  readonly ownedAtRest: number;
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'zproxy-ring-'));
  readonly #descriptors: number[] = [];
  #pathsCount = 0;

  constructor(transport: Transport) {
    this.transport = transport;
    this.ownedAtRest = transport.pool.ownedCount;
  }

  listen(kind: AddressKind, acceptor: Acceptor): SuiteListener {
    let descriptor: number;
    let address: SocketAddress;
    if (kind === 'unix') {
      const path = join(this.#folder, `${this.#pathsCount++}.sock`);
      descriptor = openUnixListener(path, 0o600);
      address = { kind: 'unix', path };
    } else {
      const options = tcpOptions(kind);
      descriptor = openTcpListener(options);
      const { host, family } = options;
      address = { kind: 'tcp', host, family, port: localPort(descriptor) };
    }
    this.#descriptors.push(descriptor);
    return { address, listener: this.transport.listen(descriptor, acceptor) };
  }

  deadAddress(kind: 'ipv4' | 'unix'): SocketAddress {
    if (kind === 'unix') return { kind: 'unix', path: join(this.#folder, 'missing.sock') };
    const descriptor = openTcpListener(tcpOptions('ipv4'));
    const port = localPort(descriptor);
    closeDescriptor(descriptor);
    return { kind: 'tcp', host: '127.0.0.1', family: 4, port };
  }

  async wait(): Promise<void> {
    await nextTurn();
  }

  async close(): Promise<void> {
    await this.transport.close();
    for (const descriptor of this.#descriptors) closeDescriptor(descriptor);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Real time within which a condition must come true: far more than any takes. */
const PATIENCE_MS = 20_000;

/** Waits until `condition` holds. */
export async function until(
  environment: SuiteEnvironment,
  condition: () => boolean,
): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`in vain for ${condition}`);
    await environment.wait();
  }
}

/** Waits until `value` has stayed the same over many turns: whatever moved has come to rest. */
export async function untilQuiet(
  environment: SuiteEnvironment,
  value: () => number,
): Promise<void> {
  let last = value();
  for (let quietTurns = 0; quietTurns < 200; quietTurns++) {
    await environment.wait();
    const current = value();
    if (current !== last) quietTurns = 0;
    last = current;
  }
}

function tcpOptions(kind: 'ipv4' | 'ipv6'): {
  host: string;
  family: 4 | 6;
  port: number;
  isDual: boolean;
  reusePort: boolean;
} {
  const host = kind === 'ipv4' ? '127.0.0.1' : '::1';
  const family = kind === 'ipv4' ? 4 : 6;
  return { host, family, port: 0, isDual: false, reusePort: false };
}
