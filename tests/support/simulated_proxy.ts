// A whole data plane on the simulated network: the real downstream driver, proxy and upstream, a
// raw client on one side and a raw endpoint on the other.

import { strict as assert } from 'node:assert';
import { CELLS_COUNT } from '../../src/base/metrics_cells.ts';
import type { SocketAddress } from '../../src/base/socket_address.ts';
import { ConnectionAcceptor } from '../../src/downstream/connection_acceptor.ts';
import { ConnectionRegistry } from '../../src/downstream/connection_registry.ts';
import type { ListenerOptions } from '../../src/downstream/options.ts';
import type { ProxyOptions } from '../../src/proxy/options.ts';
import { Proxy as HttpProxy } from '../../src/proxy/proxy.ts';
import type { Listener } from '../../src/ring/transport.ts';
import type { UpstreamOptions } from '../../src/upstream/options.ts';
import type { Upstream } from '../../src/upstream/upstream.ts';
import { Upstreams } from '../../src/upstream/upstreams.ts';
import { proxyOptions, routeOptions, serveRoutes, type TestRoute } from './route_options.ts';
import {
  SimulatedNetwork,
  type SimulatedNetworkOptions,
  type SimulatedPeer,
} from './simulated_network.ts';

export const ENDPOINT: SocketAddress = { kind: 'tcp', host: '10.0.0.1', port: 9000, family: 4 };

export interface SimulatedProxyOptions {
  readonly network?: SimulatedNetworkOptions;
  readonly proxy?: Partial<ProxyOptions>;
  readonly route?: TestRoute;
  readonly halfClose?: boolean;
}

export class SimulatedProxy {
  readonly network: SimulatedNetwork;
  readonly cells: Float64Array = new Float64Array(CELLS_COUNT);
  readonly registry: ConnectionRegistry = new ConnectionRegistry(this.cells);
  readonly proxy: HttpProxy;
  readonly upstream: Upstream;
  readonly listener: Listener;
  /** Connections that the endpoint has taken, in order. */
  readonly peers: SimulatedPeer[] = [];
  /** Lines of the access log, parsed: status and error. */
  readonly lines: string[] = [];
  /** Called with each connection that the endpoint takes. */
  onEndpoint: (peer: SimulatedPeer) => void = () => {};
  readonly #ownedBefore: number;

  constructor(options: SimulatedProxyOptions = {}) {
    this.network = new SimulatedNetwork(options.network);
    const { transport } = this.network;
    this.network.serve(ENDPOINT, (peer) => {
      this.peers.push(peer);
      this.onEndpoint(peer);
    });
    this.upstream = new Upstreams(transport, this.cells).open(upstreamOptions());
    this.proxy = new HttpProxy({
      transport,
      cells: this.cells,
      accessLog: {
        writeLine: (bytes, start, end): boolean => {
          this.lines.push(Buffer.from(bytes.subarray(start, end - 1)).toString('latin1'));
          return true;
        },
      },
      log: { log: () => {} },
    });
    const config = proxyOptions({ requestId: true, ...options.proxy });
    serveRoutes(this.proxy, config, [routeOptions(options.route)], [this.upstream]);
    const acceptor = new ConnectionAcceptor(
      transport,
      listenerOptions(options.halfClose ?? false),
      this.proxy,
      this.cells,
      this.registry,
      () => false,
    );
    this.listener = acceptor.listen(3);
    this.#ownedBefore = this.network.pool.ownedCount;
  }

  /** A client that has sent `text`. */
  send(text: string): SimulatedPeer {
    const peer = this.network.connect(this.listener);
    peer.write(text);
    this.network.run();
    return peer;
  }

  /** The endpoint's connection that was taken last. */
  get peer(): SimulatedPeer {
    const peer = this.peers.at(-1);
    assert(peer !== undefined, 'the endpoint was reached');
    return peer;
  }

  /** Everything is closed, and nothing may be left. */
  finish(): void {
    this.network.calm();
    this.registry.resetAll();
    this.network.run();
    this.upstream.close();
    this.network.advance(200_000);
    assert.equal(this.registry.count, 0, 'all client connections are gone');
    assert.equal(this.proxy.openCount, 0, 'every exchange is over');
    assert.equal(this.upstream.connectionsCount, 0, 'all endpoint connections are gone');
    assert.equal(this.network.pool.ownedCount, this.#ownedBefore, 'no buffer is leaked');
  }
}

function upstreamOptions(): UpstreamOptions {
  return {
    name: 'origin',
    endpoints: [
      {
        url: 'http://10.0.0.1:9000',
        host: '10.0.0.1',
        port: 9000,
        unixPath: '',
        weight: 1,
        slot: 0,
        source: null,
      },
    ],
    hostHeader: { kind: 'preserve' },
    timeouts: {
      connectMs: 5_000,
      firstByteMs: 60_000,
      betweenBytesMs: 60_000,
      tunnelIdleMs: 100_000,
    },
    pool: {
      idleConnectionsMax: 8,
      connectionsMax: 16,
      idleTimeoutMs: 55_000,
      ageMsMax: 3_600_000,
    },
    responseHeadBytesMax: 32_768,
    slot: 0,
    source: null,
  };
}

function listenerOptions(halfClose: boolean): ListenerOptions {
  return {
    address: '127.0.0.1:80',
    timeouts: {
      requestHeadMs: 10_000,
      bodyIdleMs: 60_000,
      keepAliveIdleMs: 75_000,
      lingerMs: 2_000,
      drainIdleMs: 5_000,
    },
    limits: {
      requestHeadBytesMax: 32_768,
      fieldBytesMax: 16_384,
      fieldsCountMax: 128,
      targetBytesMax: 8_192,
      requestsPerConnectionMax: 1_000,
      connectionsMax: 100,
      bodyRateMin: 0,
      bodyRateGraceMs: 10_000,
      lingerBytesMax: 262_144,
    },
    allowUnderscores: false,
    halfClose,
    source: null,
  };
}
