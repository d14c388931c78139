// The transport of upstreams whose endpoints are fake: everything but `connect` is that of the
// transport behind it, so that both work on the same memory, clock and timers.

import { assert } from '../../base/assert.ts';
import type { BufferPool } from '../../base/buffer_pool.ts';
import type { Clock } from '../../base/clock.ts';
import { formatSocketAddress, type SocketAddress } from '../../base/socket_address.ts';
import type { TimerWheel } from '../../base/timer_wheel.ts';
import {
  type Connection,
  type ConnectionHandler,
  type Listener,
  SocketError,
  type Transport,
  type TransportCounters,
} from '../../ring/transport.ts';
import { type FakeCall, FakeEndpoint } from './fake_endpoint.ts';
import type { FakeUpstream } from './inject_types.ts';
import { MemoryConnection } from './memory_connection.ts';
import type { DecodeScratch } from './message_reader.ts';

export class FakeTransport implements Transport {
  readonly kind = 'simulated';
  readonly pool: BufferPool;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly counters: TransportCounters;
  readonly connectionsMax: number;
  /** Set while a stream is asked for: whose it is. */
  call: FakeCall | null = null;
  readonly #transport: Transport;
  readonly #scratch: DecodeScratch;
  readonly #open: Set<MemoryConnection>;
  /** Whose a driver's further attempts to connect are. */
  readonly #calls: WeakMap<ConnectionHandler, FakeCall> = new WeakMap();

  /** `open` is told of each connection as long as it is open. */
  constructor(transport: Transport, scratch: DecodeScratch, open: Set<MemoryConnection>) {
    this.pool = transport.pool;
    this.clock = transport.clock;
    this.timers = transport.timers;
    this.counters = transport.counters;
    this.connectionsMax = transport.connectionsMax;
    this.#transport = transport;
    this.#scratch = scratch;
    this.#open = open;
  }

  get connectionsCount(): number {
    return this.#open.size;
  }

  listen(): Listener {
    assert(false, 'fake endpoints are connected to');
  }

  connect(address: SocketAddress, handler: ConnectionHandler): Connection {
    const call = this.call ?? this.#calls.get(handler);
    assert(call !== undefined, 'a stream is asked for by an injected request');
    this.#calls.set(handler, call);
    const endpoint = new FakeEndpoint(call, this.#scratch);
    const isTcp = address.kind === 'tcp';
    const ends = {
      remoteHost: isTcp ? address.host : formatSocketAddress(address),
      remotePort: isTcp ? address.port : 0,
      localHost: '',
      localPort: 0,
    };
    const open = this.#open;
    const peer = {
      onBytes: (bytes: Uint8Array): void => endpoint.onBytes(bytes),
      onEnd: (): void => endpoint.onEnd(),
      onClosed: (isReset: boolean): void => {
        open.delete(connection);
        endpoint.onClosed(isReset);
      },
    };
    const connection = new MemoryConnection(this, peer, ends, connectError(call.fake));
    open.add(connection);
    endpoint.begin(connection);
    connection.beginConnecting(handler);
    return connection;
  }

  defer(task: () => void): void {
    this.#transport.defer(task);
  }

  async close(): Promise<void> {}
}

function connectError(fake: FakeUpstream): SocketError {
  if (fake === 'refused') return SocketError.REFUSED;
  return fake === 'unreachable' ? SocketError.UNREACHABLE : SocketError.NONE;
}
