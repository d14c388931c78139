// The shared transport suite against the simulated transport, so that what is tested with it may be
// trusted.

import type { BufferCounts } from '../../src/base/buffer_pool.ts';
import type { SocketAddress } from '../../src/base/socket_address.ts';
import type { Acceptor } from '../../src/ring/transport.ts';
import { describeTransport } from '../../src/ring/transport_suite/describe_transport.ts';
import {
  type AddressKind,
  SUITE_COUNTS,
  type SuiteEnvironment,
  type SuiteListener,
} from '../../src/ring/transport_suite/suite_environment.ts';
import { SimulatedNetwork } from './simulated_network.ts';
import type { SimulatedPeer } from './simulated_peer.ts';

/** Bytes that a simulated cable holds before it stops taking more, as a kernel's buffers do. */
const CABLE_BYTES = 262_144;
const TURN_MS = 1;

/** Two peers joined: what one end of the transport sends, the other receives. */
class Cable {
  readonly #a: SimulatedPeer;
  readonly #b: SimulatedPeer;

  constructor(a: SimulatedPeer, b: SimulatedPeer) {
    this.#a = a;
    this.#b = b;
    join(a, b);
    join(b, a);
  }

  /** Back pressure both ways. */
  settle(): void {
    this.#a.readPaused = this.#b.unreadBytes > CABLE_BYTES;
    this.#b.readPaused = this.#a.unreadBytes > CABLE_BYTES;
  }
}

function join(from: SimulatedPeer, to: SimulatedPeer): void {
  from.onReceive = (bytes): void => {
    to.write(bytes);
    from.readPaused = to.unreadBytes > CABLE_BYTES;
  };
  from.onEnd = (): void => to.end();
  from.onReset = (): void => to.reset();
}

class SimulatedEnvironment implements SuiteEnvironment {
  readonly network: SimulatedNetwork;
  readonly transport: SimulatedNetwork['transport'];
  readonly ownedAtRest = 0;
  readonly #cables: Cable[] = [];
  #portNext = 1_000;

  constructor(counts: BufferCounts) {
    this.network = new SimulatedNetwork({ counts });
    this.transport = this.network.transport;
  }

  listen(kind: AddressKind, acceptor: Acceptor): SuiteListener {
    const port = this.#portNext++;
    const address = addressOf(kind, port);
    const listener = this.transport.listen(port, acceptor);
    this.network.serve(address, (outgoing) => {
      const incoming = this.network.connect(listener);
      incoming.host = address.kind === 'tcp' ? address.host : '';
      if (address.kind === 'unix') incoming.port = 0;
      outgoing.localPort = incoming.port;
      incoming.localPort = outgoing.port;
      incoming.localHost = incoming.host;
      this.#cables.push(new Cable(outgoing, incoming));
    });
    return { address, listener };
  }

  deadAddress(kind: 'ipv4' | 'unix'): SocketAddress {
    return addressOf(kind, 9);
  }

  async wait(): Promise<void> {
    this.network.advance(TURN_MS);
    for (const cable of this.#cables) cable.settle();
    await Promise.resolve();
  }

  async close(): Promise<void> {
    await this.transport.close();
  }
}

function addressOf(kind: AddressKind, port: number): SocketAddress {
  if (kind === 'unix') return { kind: 'unix', path: `/simulated/${port}` };
  if (kind === 'ipv6') return { kind: 'tcp', host: '::1', family: 6, port };
  return { kind: 'tcp', host: '127.0.0.1', family: 4, port };
}

describeTransport({
  name: 'simulated',
  skip: null,
  isReal: false,
  open: async (counts: BufferCounts = SUITE_COUNTS) => new SimulatedEnvironment(counts),
});
