// One listening descriptor behind the transport's contract. A server of node:net can neither pause
// nor let go of its descriptor, so it serves a duplicate: pausing closes that, resuming makes
// another, and the connections that come in between wait in the kernel's queue.
//
// libuv answers a lack of descriptors by accepting and closing what waits; the transport therefore
// stops accepting while there are still some in reserve.

import { createServer, type Server, type Socket } from 'node:net';
import { LISTEN_BACKLOG } from '../base/limits.ts';
import { duplicateDescriptor } from '../sys/duplicate_descriptor.ts';
import { SysError } from '../sys/errno.ts';
import { isUnixSocket } from '../sys/stream_socket.ts';
import type { NodeLoop } from './node_loop.ts';
import { KEEP_ALIVE_DELAY_MS } from './node_socket.ts';
import { nodeSocketErrorOf } from './node_socket_error.ts';
import { type Acceptor, type Listener, SocketError } from './transport.ts';

/** What a listener needs of its transport. */
export interface NodeListenerOwner {
  readonly loop: NodeLoop;
  /** No more connections can be taken now. */
  readonly isFull: boolean;
  onAccepted(socket: Socket, acceptor: Acceptor): void;
  /** The listener is starved: `endStarvation` is called after the next close, or a while. */
  onStarved(listener: NodeListener): void;
}

export class NodeListener implements Listener {
  readonly acceptor: Acceptor;
  readonly #owner: NodeListenerOwner;
  readonly #descriptor: number;
  readonly #isUnix: boolean;
  #server: Server | null = null;
  #isPaused = false;
  #isStarved = false;
  #isStopped = false;
  #onStopped: (() => void) | null = null;
  #drainedCount = 0;
  #acceptedCount = 0; // since the accept queue was last looked at

  constructor(owner: NodeListenerOwner, descriptor: number, acceptor: Acceptor) {
    this.#owner = owner;
    this.#descriptor = descriptor;
    this.#isUnix = isUnixSocket(descriptor);
    this.acceptor = acceptor;
    // From a turn, as all that follows: a starved acceptor is told of it.
    owner.loop.queue({ runTask: () => this.#open() });
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  pauseAccept(): void {
    this.#isPaused = true;
    if (this.#onStopped === null) this.#close();
  }

  resumeAccept(): void {
    this.#isPaused = false;
    this.#open();
  }

  stop(onStopped: () => void): void {
    this.#isPaused = false;
    this.#onStopped = onStopped;
    this.#open();
    // The first look may come before libuv has polled the socket once, the second does not.
    setImmediate(() => {
      this.#acceptedCount = 0;
      setImmediate(() => this.#look());
    });
  }

  /** Stops at once, with what waits in the queue left to the descriptor's other holders. */
  abandon(): void {
    this.#isStopped = true;
    this.#close();
  }

  endStarvation(): void {
    this.#isStarved = false;
    this.#open();
  }

  #open(): void {
    if (this.#server !== null || this.#isPaused || this.#isStarved || this.#isStopped) return;
    if (this.#owner.isFull) {
      this.#starve();
      return;
    }
    let duplicate: number;
    try {
      duplicate = duplicateDescriptor(this.#descriptor);
    } catch (error) {
      if (!(error instanceof SysError)) throw error;
      this.#starve();
      return;
    }
    const server = createServer({
      allowHalfOpen: true,
      pauseOnConnect: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    });
    this.#server = server;
    server.on('connection', (socket) => this.#onConnection(socket));
    server.on('error', (error) => this.#onError(error));
    server.listen({ fd: duplicate }, LISTEN_BACKLOG);
  }

  #close(): void {
    this.#server?.close();
    this.#server = null;
  }

  #onConnection(socket: Socket): void {
    const { loop } = this.#owner;
    loop.enter();
    this.#acceptedCount++;
    // A client that is gone already has no address: nobody could say whose its bytes are.
    const isGone = !this.#isUnix && socket.remoteAddress === undefined;
    if (this.#isStopped || isGone) socket.destroy();
    else this.#owner.onAccepted(socket, this.acceptor);
    if (this.#owner.isFull) this.#starve();
    loop.leave();
  }

  #onError(error: NodeJS.ErrnoException): void {
    // Not a listening socket: a mistake of ours. Anything else concerns one connection in the
    // queue.
    if (error.syscall === 'listen') throw error;
    if (nodeSocketErrorOf(error) !== SocketError.RESOURCES || this.#isStarved) return;
    this.#owner.loop.enter();
    this.#starve();
    this.#owner.loop.leave();
  }

  #starve(): void {
    if (this.#isStarved || this.#isStopped) return;
    this.#isStarved = true;
    this.#close();
    this.#owner.onStarved(this);
    this.acceptor.onAcceptStarved();
  }

  /**
   * Stopping: a whole iteration of libuv's loop in which nothing was accepted has emptied the
   * queue.
   */
  #look(): void {
    if (this.#isStopped) return;
    this.#drainedCount += this.#acceptedCount;
    const isOver = this.#acceptedCount === 0 || this.#drainedCount >= LISTEN_BACKLOG;
    this.#acceptedCount = 0;
    if (!isOver) {
      setImmediate(() => this.#look());
      return;
    }
    this.abandon();
    this.#owner.loop.enter();
    this.#onStopped?.();
    this.#onStopped = null;
    this.#owner.loop.leave();
  }
}
