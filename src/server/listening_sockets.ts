// The listening sockets of a supervisor: opened once, kept open as long as the configuration has
// their address, and inherited by the workers. A worker that dies leaves its accept queue behind;
// its successor takes over the same socket. On TCP there is one per worker slot (SO_REUSEPORT, the
// kernel spreads connections); a Unix socket is shared.
//
// A change is prepared (addresses are taken, nothing is listened on), then committed or abandoned:
// until it is committed nobody can have connected to what would have to be closed again.

import type { SocketAddress } from '../base/socket_address.ts';
import type { ListenAddress, SnapshotListener } from '../config/snapshot.ts';
import {
  beginListening,
  bindTcpListener,
  bindUnixListener,
  closeDescriptor,
  localPort,
  probeTcpAddress,
  type TcpListenOptions,
} from '../sys/sockets.ts';
import { describeListenFailure, hasNoIpv6 } from './listen_failure.ts';
import { identifyFile, removeSocketFile } from './socket_file.ts';
import {
  listenersOf,
  type PlannedListener,
  type PlannedSocket,
  type SocketPlan,
} from './socket_plan.ts';
import type { WorkerListener } from './worker_protocol.ts';

/** Whoever may reach the folder may connect; the folder's mode decides who that is. */
const UNIX_SOCKET_MODE = 0o666;

export class ListeningSockets {
  #plan: SocketPlan;
  #nextId = 0;

  /**
   * Opens everything, or throws a ZProxyError that names the config line and leaves nothing open.
   */
  constructor(listeners: readonly SnapshotListener[], slotsCount: number) {
    this.#plan = { listeners: [], slotsCount };
    const plan = this.prepare(listeners, slotsCount);
    try {
      this.listen(plan, listeners);
    } catch (error) {
      this.abandon(plan);
      throw error;
    }
    this.commit(plan);
  }

  /** Takes over what an earlier program opened; a first plan has yet to be committed. */
  static adopt(open: readonly PlannedListener[]): ListeningSockets {
    const sockets = new ListeningSockets([], 1);
    sockets.#plan = { listeners: open, slotsCount: 1 };
    const ids = open.flatMap((listener) => listener.sockets.map(({ id }) => id));
    sockets.#nextId = Math.max(-1, ...ids) + 1;
    return sockets;
  }

  /** What serves now. */
  get plan(): SocketPlan {
    return this.#plan;
  }

  /** Where each listener listens, with the port that was picked. */
  get addresses(): SocketAddress[] {
    return this.#plan.listeners.map((listener) => listener.address);
  }

  /** What a worker in that slot serves. */
  listenersOf(slot: number): WorkerListener[] {
    return listenersOf(this.#plan, slot);
  }

  /**
   * Takes the addresses of `listeners` that are not open yet, and sockets for slots that have none.
   * Throws a ZProxyError that names the config line, and leaves nothing behind then.
   */
  prepare(listeners: readonly SnapshotListener[], slotsCount: number): SocketPlan {
    const open = new Map(keysOf(this.#plan.listeners).map((key, at) => [key, at]));
    const planned: PlannedListener[] = [];
    const keys = keysOf(listeners);
    for (const [index, { listen, source }] of listeners.entries()) {
      const at = open.get(keys[index]!);
      const known = at === undefined ? undefined : this.#plan.listeners[at];
      try {
        planned.push(
          known === undefined ? this.#bind(listen, slotsCount) : this.#extend(known, slotsCount),
        );
      } catch (error) {
        this.abandon({ listeners: planned, slotsCount });
        throw describeListenFailure(listen, source, error);
      }
    }
    return { listeners: planned, slotsCount };
  }

  /** The new sockets of a plan take connections from now on. Throws a ZProxyError. */
  listen(plan: SocketPlan, listeners: readonly SnapshotListener[]): void {
    const known = descriptorsOf(this.#plan);
    for (const [index, { sockets }] of plan.listeners.entries()) {
      const { listen, source } = listeners[index]!;
      try {
        for (const { descriptor } of sockets) {
          if (!known.has(descriptor)) beginListening(descriptor);
        }
      } catch (error) {
        throw describeListenFailure(listen, source, error);
      }
    }
  }

  /** The plan is what serves from now on; sockets that it does not have are closed. */
  commit(plan: SocketPlan): void {
    const kept = descriptorsOf(plan);
    const gone = this.#plan.listeners;
    this.#plan = plan;
    closeListeners(gone, kept);
  }

  /** Closes what was opened for a plan. */
  abandon(plan: SocketPlan): void {
    closeListeners(plan.listeners, descriptorsOf(this.#plan));
  }

  /** Closes the sockets and removes the socket files. */
  close(): void {
    this.commit({ listeners: [], slotsCount: this.#plan.slotsCount });
  }

  // --- inside ------------------------------------------------------------------------------------

  #bind(listen: ListenAddress, slotsCount: number): PlannedListener {
    if (listen.kind === 'unix') {
      const descriptor = bindUnixListener(listen.path, UNIX_SOCKET_MODE);
      const address: SocketAddress = { kind: 'unix', path: listen.path };
      const sockets = [{ id: this.#nextId++, descriptor }];
      return { listen, address, sockets, file: identifyFile(listen.path) };
    }
    const family = listen.host.includes(':') ? 6 : 4;
    const { host, port, isDual } = listen;
    try {
      const wanted = { host, family, port, isDual, reusePort: true } as const;
      return this.#bindTcp(listen, wanted, slotsCount);
    } catch (error) {
      if (!listen.isDual || !hasNoIpv6(error)) throw error;
      // `:port` on a machine without IPv6 is IPv4 alone.
      const wanted = { host: '0.0.0.0', family: 4, port, isDual: false, reusePort: true } as const;
      return this.#bindTcp(listen, wanted, slotsCount);
    }
  }

  #bindTcp(listen: ListenAddress, wanted: TcpListenOptions, slotsCount: number): PlannedListener {
    // Our own socket at another address of that port would make the probe fail, too.
    if (wanted.port !== 0 && !this.#hasPort(wanted.port)) probeTcpAddress(wanted);
    const sockets: PlannedSocket[] = [];
    this.#addSockets(sockets, wanted, slotsCount);
    const { host, family } = wanted;
    const port = wanted.port === 0 ? localPort(sockets[0]!.descriptor) : wanted.port;
    return { listen, address: { kind: 'tcp', host, port, family }, sockets, file: null };
  }

  /** An open listener, with a socket for each slot. */
  #extend(known: PlannedListener, slotsCount: number): PlannedListener {
    const { address, listen } = known;
    if (address.kind === 'unix' || known.sockets.length >= slotsCount) return known;
    const { host, family, port } = address;
    const sockets = [...known.sockets];
    const isDual = listen.isDual && family === 6;
    this.#addSockets(sockets, { host, family, port, isDual, reusePort: true }, slotsCount);
    return { ...known, sockets };
  }

  /** Binds sockets until there is one for each slot; closes its own where that fails. */
  #addSockets(sockets: PlannedSocket[], wanted: TcpListenOptions, slotsCount: number): void {
    const before = sockets.length;
    let { port } = wanted;
    try {
      while (sockets.length < slotsCount) {
        const descriptor = bindTcpListener({ ...wanted, port });
        sockets.push({ id: this.#nextId++, descriptor });
        if (port === 0) port = localPort(descriptor);
      }
    } catch (error) {
      for (const { descriptor } of sockets.splice(before)) closeDescriptor(descriptor);
      throw error;
    }
  }

  #hasPort(port: number): boolean {
    return this.#plan.listeners.some(
      ({ address }) => address.kind === 'tcp' && address.port === port,
    );
  }
}

/** What makes two listeners the same one: the address, and which one of those that are equal. */
function keysOf(listeners: readonly { readonly listen: ListenAddress }[]): string[] {
  const counts = new Map<string, number>();
  return listeners.map(({ listen }) => {
    const { kind, host, port, isDual, path } = listen;
    const key = JSON.stringify([kind, host, port, isDual, path]);
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return `${key}${count}`;
  });
}

function descriptorsOf(plan: SocketPlan): Set<number> {
  const sockets = plan.listeners.flatMap((listener) => listener.sockets);
  return new Set(sockets.map(({ descriptor }) => descriptor));
}

function closeListeners(listeners: readonly PlannedListener[], kept: ReadonlySet<number>): void {
  for (const { address, sockets, file } of listeners) {
    const gone = sockets.filter(({ descriptor }) => !kept.has(descriptor));
    for (const { descriptor } of gone) closeDescriptor(descriptor);
    if (gone.length > 0 && address.kind === 'unix' && file !== null) {
      removeSocketFile(address.path, file);
    }
  }
}
