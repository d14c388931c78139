// What the simulated network promises beyond the shared transport suite: peers, time and faults.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { type BufferHandle, NO_BUFFER, SizeClass } from '../../src/base/buffer_pool.ts';
import type { SocketAddress } from '../../src/base/socket_address.ts';
import { Timer, type TimerOwner } from '../../src/base/timer_wheel.ts';
import {
  type Acceptor,
  type Connection,
  type ConnectionHandler,
  SocketError,
} from '../../src/ring/transport.ts';
import { FAULT_KINDS } from './simulated_faults.ts';
import { SimulatedNetwork } from './simulated_network.ts';

const ADDRESS: SocketAddress = { kind: 'tcp', host: '127.0.0.1', port: 9000, family: 4 };

/** Sends back what it receives, one chunk at a time. */
class Echo implements ConnectionHandler {
  readonly connection: Connection;
  readonly events: string[] = [];

  constructor(connection: Connection) {
    this.connection = connection;
    connection.handler = this;
    connection.receiveOnce(SizeClass.LARGE);
  }
  onConnected(): void {
    this.events.push('connected');
  }
  onReceive(buffer: BufferHandle, start: number, end: number): void {
    this.events.push('receive');
    this.connection.send(buffer, start, end, false);
  }
  onReceiveEnd(): void {
    this.events.push('end');
    this.connection.close();
  }
  onSendEnd(buffer: BufferHandle, error: SocketError): void {
    this.events.push(`sent ${error}`);
    network(this.connection).pool.release(buffer);
    if (error === SocketError.NONE) this.connection.receiveOnce(SizeClass.LARGE);
    else if (error !== SocketError.CANCELED) this.connection.close();
  }
  onError(error: SocketError): void {
    this.events.push(`error ${error}`);
    this.connection.close();
  }
  onClosed(): void {
    this.events.push('closed');
  }
}

const networks = new WeakMap<Connection, SimulatedNetwork>();

function network(connection: Connection): SimulatedNetwork {
  return networks.get(connection)!;
}

function echoServer(net: SimulatedNetwork, echoes: Echo[] = []): Acceptor {
  return {
    roomCount: Number.POSITIVE_INFINITY,
    onAccept(connection): void {
      networks.set(connection, net);
      echoes.push(new Echo(connection));
    },
    onAcceptStarved(): void {},
  };
}

describe('SimulatedNetwork', () => {
  it('echoes what a peer writes, delivery by delivery', () => {
    const net = new SimulatedNetwork();
    const echoes: Echo[] = [];
    const listener = net.transport.listen(3, echoServer(net, echoes));
    const peer = net.connect(listener);
    peer.write('hello world', { splitAt: [5] });
    net.run();
    assert.equal(peer.receivedText(), 'hello world');
    peer.end();
    net.run();
    assert.deepEqual(echoes[0]!.events, [
      'receive',
      'sent 0',
      'receive',
      'sent 0',
      'end',
      'closed',
    ]);
    assert.equal(peer.isEnded, true);
    assert.equal(net.pool.ownedCount, 0);
    assert.equal(net.transport.connectionsCount, 0);
  });

  it('stalls a send while the peer does not read, and closes with it', () => {
    const net = new SimulatedNetwork();
    const echoes: Echo[] = [];
    const peer = net.connect(net.transport.listen(3, echoServer(net, echoes)));
    peer.readPaused = true;
    peer.write('x'.repeat(100_000));
    net.run();
    assert.equal(peer.received.length, 0);
    assert.ok(peer.unreadBytes > 0);
    echoes[0]!.connection.close();
    net.run();
    assert.deepEqual(echoes[0]!.events, ['receive', `sent ${SocketError.CANCELED}`, 'closed']);
    assert.equal(peer.isReset, true, 'unread bytes turn a close into a RST');
    assert.equal(net.pool.ownedCount, 0);
  });

  it('delivers what came before a RST, then the error', () => {
    const net = new SimulatedNetwork();
    const echoes: Echo[] = [];
    const peer = net.connect(net.transport.listen(3, echoServer(net, echoes)));
    net.run();
    peer.write('last words');
    peer.reset();
    net.run();
    assert.deepEqual(echoes[0]!.events, ['receive', `sent ${SocketError.RESET}`, 'closed']);
  });

  it('connects to what is served, refused, missing or silent', () => {
    const net = new SimulatedNetwork();
    net.serve(ADDRESS, (peer) => {
      peer.write('welcome');
    });
    const first = connectEcho(net, ADDRESS);
    const second = connectEcho(net, { ...ADDRESS, port: 1 });
    const third = connectEcho(net, { kind: 'unix', path: '/missing' });
    net.blackhole({ ...ADDRESS, port: 2 });
    const fourth = connectEcho(net, { ...ADDRESS, port: 2 });
    net.run();
    assert.deepEqual(first.events, ['connected', 'receive', 'sent 0']);
    assert.deepEqual(second.events, [`error ${SocketError.REFUSED}`, 'closed']);
    assert.deepEqual(third.events, [`error ${SocketError.UNREACHABLE}`, 'closed']);
    assert.deepEqual(fourth.events, []);
    assert.equal(net.transport.connectionsCount, 2);
  });

  it('fires timers on its way through time', () => {
    const net = new SimulatedNetwork();
    const fired: number[] = [];
    const owner: TimerOwner = {
      onTimer: (timer): void => {
        fired.push(net.clock.nowMs);
        if (fired.length < 3) net.transport.timers.set(timer, net.clock.nowMs + 1_000);
      },
    };
    net.transport.timers.set(new Timer(owner), net.clock.nowMs + 1_000);
    net.advance(2_500);
    assert.equal(fired.length, 2);
    net.advance(60_000);
    assert.equal(fired.length, 3);
    assert.equal(net.transport.timers.nextMs(), Number.POSITIVE_INFINITY);
  });

  it('asserts a second send, a send after close and changed bytes', () => {
    const net = new SimulatedNetwork();
    net.serve(ADDRESS, () => {});
    const { connection } = connectEcho(net, ADDRESS);
    net.run();
    const buffer = net.pool.acquire(SizeClass.SMALL);
    const start = net.pool.startOf(buffer);
    connection.send(buffer, start, start + 5, false);
    assert.throws(() => connection.send(buffer, start, start + 5, false), /one send at a time/);
    net.pool.arena.bytes[start]! ^= 1;
    assert.throws(() => net.run(), /are not changed/);
    connection.close();
    assert.throws(() => connection.send(buffer, start, start + 5, false), /after close/);
    net.run();
    assert.throws(() => connection.close(), /after onClosed/);
  });

  it('runs and counts every kind of fault, repeats itself and loses no byte', () => {
    const first = chaos(7);
    const second = chaos(7);
    assert.deepEqual(first.faults.counts, second.faults.counts);
    assert.equal(first.clock.nowMs, second.clock.nowMs);
    for (const kind of FAULT_KINDS) assert.ok(first.faults.counts[kind] > 0, `${kind} happened`);
    assert.notDeepEqual(chaos(8).faults.counts, first.faults.counts);
  });
});

function connectEcho(net: SimulatedNetwork, address: SocketAddress): Echo {
  let echo: Echo | null = null;
  const proxy: ConnectionHandler = {
    onConnected: () => echo!.onConnected(),
    onReceive: (buffer, start, end) => echo!.onReceive(buffer, start, end),
    onReceiveEnd: () => echo!.onReceiveEnd(),
    onSendEnd: (buffer, error) => echo!.onSendEnd(buffer, error),
    onError: (error) => echo!.onError(error),
    onClosed: () => echo!.onClosed(),
  };
  const connection = net.transport.connect(address, proxy);
  networks.set(connection, net);
  echo = new Echo(connection);
  return echo;
}

function chaos(seed: number): SimulatedNetwork {
  const net = new SimulatedNetwork({
    seed,
    faults: {
      shortRead: 0.3,
      shortWrite: 0.3,
      reset: 0.02,
      delay: 0.2,
      noBuffer: 0.1,
      emptyPool: 0.05,
      connectRefused: 0.1,
      connectTimedOut: 0.1,
      acceptStarved: 0.3,
    },
  });
  const listener = net.transport.listen(3, echoServer(net));
  net.serve(ADDRESS, (peer) => peer.write('hi'));
  for (let i = 0; i < 40; i++) {
    const peer = net.connect(listener);
    const text = `${i} `.repeat(2_000);
    peer.write(text);
    peer.end();
    connectEcho(net, ADDRESS);
    net.advance(10_000);
    if (peer.isReset) assert.ok(text.startsWith(peer.receivedText()));
    else assert.equal(peer.receivedText(), text);
  }
  net.calm();
  assert.equal(net.pool.acquire(SizeClass.SMALL) === NO_BUFFER, false);
  return net;
}
