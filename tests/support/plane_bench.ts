// A data plane on the simulated network, between raw clients and raw endpoints, for tests of
// snapshots that follow each other. Endpoints answer by themselves, with who they are.

import { strict as assert } from 'node:assert';
import { CELLS_COUNT } from '../../src/base/metrics_cells.ts';
import type { TcpAddress } from '../../src/base/socket_address.ts';
import type { Config } from '../../src/config/config.ts';
import type { Snapshot } from '../../src/config/snapshot.ts';
import type { Acceptor, Listener } from '../../src/ring/transport.ts';
import { DataPlane, type PreparedPlane } from '../../src/server/data_plane.ts';
import type { WorkerListener } from '../../src/server/worker_protocol.ts';
import { compileSnapshot } from './compile_snapshot.ts';
import {
  SimulatedNetwork,
  type SimulatedNetworkOptions,
  type SimulatedPeer,
} from './simulated_network.ts';

export const HOSTS = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const;

/** `GET path`, as a client writes it. */
export function get(path = '/', fields = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: example.test\r\n${fields}\r\n`;
}

export class PlaneBench {
  readonly network: SimulatedNetwork;
  readonly cells: Float64Array = new Float64Array(CELLS_COUNT);
  readonly plane: DataPlane;
  /** By descriptor. */
  readonly listeners: Map<number, Listener> = new Map();
  readonly lines: string[] = [];
  readonly log: string[] = [];
  /** Connections that endpoints have taken, with the host that they reached. */
  readonly peers: { readonly host: string; readonly peer: SimulatedPeer }[] = [];
  /** Endpoints answer at once; otherwise `answer` does. */
  isAnswering = true;
  /** Sockets of the snapshot that serves: descriptor and id are one number. */
  sockets: readonly WorkerListener[] = [socket(3)];

  constructor(config: Config, options: SimulatedNetworkOptions = {}) {
    this.network = new SimulatedNetwork(options);
    const { transport } = this.network;
    const listen = transport.listen.bind(transport);
    transport.listen = (descriptor: number, acceptor: Acceptor): ReturnType<typeof listen> => {
      const listener = listen(descriptor, acceptor);
      this.listeners.set(descriptor, listener);
      return listener;
    };
    for (const host of HOSTS) {
      const address: TcpAddress = { kind: 'tcp', host, port: 9000, family: 4 };
      this.network.serve(address, (peer) => this.#onConnect(host, peer));
    }
    this.plane = new DataPlane({
      snapshot: compileSnapshot(config),
      transport,
      listeners: this.sockets,
      cells: this.cells,
      accessLog: {
        writeLine: (bytes, start, end): boolean => {
          this.lines.push(Buffer.from(bytes.subarray(start, end - 1)).toString('latin1'));
          return true;
        },
      },
      log: { log: (_level, message) => this.log.push(message) },
    });
  }

  /** Prepares what the plane may be given next. */
  async prepare(config: Config): Promise<PreparedPlane> {
    return this.prepareSnapshot(compileSnapshot(config));
  }

  async prepareSnapshot(snapshot: Snapshot): Promise<PreparedPlane> {
    const prepared = await this.plane.prepare(snapshot);
    assert(prepared !== null, 'nobody gave it up');
    return prepared;
  }

  /** Puts another snapshot in place; the promise is that of the commit. */
  commit(
    prepared: PreparedPlane,
    sockets: readonly WorkerListener[] = this.sockets,
  ): Promise<void> {
    this.sockets = sockets;
    const stopped = this.plane.commit(prepared, sockets);
    this.network.run();
    return stopped;
  }

  async reload(config: Config, sockets: readonly WorkerListener[] = this.sockets): Promise<void> {
    await this.commit(await this.prepare(config), sockets);
  }

  /** A client that has sent `text` over the socket with that descriptor. */
  send(text: string, descriptor: number = this.sockets[0]!.descriptor): SimulatedPeer {
    const peer = this.network.connect(this.listeners.get(descriptor)!);
    peer.write(text);
    this.network.run();
    return peer;
  }

  /** Another request of a client; returns what came for it. */
  ask(peer: SimulatedPeer, text: string): string {
    peer.takeReceived();
    peer.write(text);
    this.network.run();
    return peer.receivedText();
  }

  /** Answers whatever endpoints were asked. */
  answer(): void {
    for (const { host, peer } of this.peers) this.#answer(host, peer);
    this.network.run();
  }

  /** Drains, and checks that nothing is left. */
  finish(): void {
    let isDrained = false;
    this.plane.drain(() => {
      isDrained = true;
    });
    this.network.run();
    this.plane.resetAll();
    this.network.advance(200_000);
    assert(isDrained, 'the drain comes to its end');
    assert.equal(this.network.transport.connectionsCount, 0, 'no connection is left');
    assert.equal(this.network.pool.ownedCount, 0, 'no buffer is left');
    assert.equal(this.network.transport.timers.count, 0, 'no timer is left');
    assert.equal(this.plane.upstreamConnectionsCount, 0, 'no connection is counted');
  }

  #onConnect(host: string, peer: SimulatedPeer): void {
    this.peers.push({ host, peer });
    peer.onReceive = (): void => {
      if (this.isAnswering) this.#answer(host, peer);
    };
  }

  #answer(host: string, peer: SimulatedPeer): void {
    if (!peer.receivedText().includes('\r\n\r\n')) return;
    peer.takeReceived();
    peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${host.length}\r\n\r\n${host}`);
  }
}

/** A socket whose id is its descriptor. */
export function socket(descriptor: number, listenerIndex = 0): WorkerListener {
  return { descriptor, listenerIndex, socketId: descriptor };
}
