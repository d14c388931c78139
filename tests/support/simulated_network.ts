// A network without a kernel: a `Transport` whose other ends are scripted peers, whose clock is set
// by hand and whose faults come from a seed. Nothing happens but in `run()` and `advance()`, so a
// test needs neither sleeps nor sockets, and a failing seed fails again.
//
//   test script --- SimulatedPeer ===== SimulatedConnection --- driver under test
//                     write, end, reset     step() per turn

import { strict as assert } from 'node:assert';
import { Arena } from '../../src/base/arena.ts';
import { type BufferCounts, BufferPool } from '../../src/base/buffer_pool.ts';
import { Clock } from '../../src/base/clock.ts';
import {
  ARENA_STATIC_BYTES,
  BUFFER_LARGE_BYTES,
  BUFFER_MEDIUM_BYTES,
  BUFFER_SMALL_BYTES,
} from '../../src/base/limits.ts';
import { formatSocketAddress, type SocketAddress } from '../../src/base/socket_address.ts';
import { type Listener, SocketError } from '../../src/ring/transport.ts';
import { FaultInjector, type FaultRates } from './simulated_faults.ts';
import { SimulatedListener } from './simulated_listener.ts';
import { SimulatedPeer } from './simulated_peer.ts';
import { SimulatedTransport } from './simulated_transport.ts';

export type { FaultRates } from './simulated_faults.ts';
export { SimulatedPeer } from './simulated_peer.ts';

export interface SimulatedNetworkOptions {
  readonly seed?: number;
  readonly faults?: Partial<FaultRates>;
  readonly counts?: BufferCounts;
}

const COUNTS_DEFAULT: BufferCounts = { small: 64, medium: 24, large: 16 };
const PAGE_BYTES = 65_536;
/** More turns than this without an end are a livelock. */
const TURNS_MAX = 100_000;
/** The simulated clock begins here, so that a time of 0 can mean "not yet". */
const START_MS = 1_000;

export class SimulatedNetwork {
  readonly clock: Clock;
  readonly pool: BufferPool;
  readonly faults: FaultInjector;
  readonly transport: SimulatedTransport;

  constructor(options: SimulatedNetworkOptions = {}) {
    const counts = options.counts ?? COUNTS_DEFAULT;
    this.clock = new Clock();
    this.clock.wallMs = Date.UTC(2026, 0, 1);
    this.clock.nowMs = START_MS;
    this.pool = new BufferPool(new Arena(arenaBytes(counts)), counts);
    this.faults = new FaultInjector(options.seed ?? 1, options.faults ?? {});
    this.transport = new SimulatedTransport(this.pool, this.clock, this.faults);
  }

  /** Runs turns until nothing is left to do at the current time. */
  run(): void {
    let turns = 0;
    while (this.transport.turn()) assert(++turns < TURNS_MAX, 'the turns come to an end');
  }

  /** Lets time pass, stopping wherever a timer or a delay is due. */
  advance(ms: number): void {
    const untilMs = this.clock.nowMs + ms;
    for (;;) {
      this.run();
      const nextMs = Math.min(this.transport.timers.nextMs(), this.transport.nextWakeMs());
      if (nextMs > untilMs) break;
      this.clock.set(Math.max(nextMs, this.clock.nowMs));
      this.transport.timers.advance(this.clock.nowMs);
    }
    this.clock.set(untilMs);
    this.run();
  }

  /**
   * A raw client that connects to a listener of the transport. Open once it is accepted, in
   * `run()`.
   */
  connect(listener: Listener): SimulatedPeer {
    assert(listener instanceof SimulatedListener, 'a listener of the simulated transport');
    const peer = new SimulatedPeer();
    peer.port = this.transport.takePort();
    listener.enqueue(peer);
    return peer;
  }

  /** What `transport.connect(address)` reaches: `onConnect` is called with each new connection. */
  serve(address: SocketAddress, onConnect: (peer: SimulatedPeer) => void): void {
    this.transport.services.set(formatSocketAddress(address), { kind: 'serve', onConnect });
  }

  /** Connections to the address fail. */
  refuse(address: SocketAddress, error: SocketError = SocketError.REFUSED): void {
    this.transport.services.set(formatSocketAddress(address), { kind: 'refuse', error });
  }

  /** Connections to the address are never answered. */
  blackhole(address: SocketAddress): void {
    this.transport.services.set(formatSocketAddress(address), { kind: 'blackhole' });
  }

  /** Has a scripted peer do something later: `ms` from now, in a turn. */
  after(ms: number, task: () => void): void {
    this.transport.schedule(this.clock.nowMs + ms, task);
  }

  /** No more faults; what they hold is given back. For the checks at the end of a run. */
  calm(): void {
    this.faults.calm();
    this.transport.fillPool();
  }
}

function arenaBytes(counts: BufferCounts): number {
  const bytes =
    ARENA_STATIC_BYTES +
    counts.small * BUFFER_SMALL_BYTES +
    counts.medium * BUFFER_MEDIUM_BYTES +
    counts.large * BUFFER_LARGE_BYTES;
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}
