// The contract between the drivers and the operating system's sockets. Two implementations serve
// traffic (`uring`, `node`), a third is simulated (tests/support); one shared suite runs against
// all of them.
//
// Life of a connection, as its handler sees it:
//
//   accepted ---------------------+
//   connect() -> onConnected -----+-> open: onReceive*, onSendEnd*, onReceiveEnd, onError
//            \-> onError (refused) |
//                                 +-> close() | reset(): onSendEnd (of one in flight), onClosed
//
// Rules that every implementation keeps:
// - Callbacks run from the loop's turn, never from inside a method of the connection that they
//   belong to.
// - A buffer given to `send` belongs to the transport until `onSendEnd` hands it back, once,
//   always.
// - A buffer given to `onReceive` belongs to the handler.
// - After `pauseReceive()` no `onReceive` comes until receiving is asked for again; what arrived in
// between is delivered then, in order, with no byte lost.
// - After `close()` or `reset()` only `onSendEnd` and then `onClosed` come. After `onClosed` the
// connection object belongs to the transport again: whoever kept it must drop it.

import type { BufferHandle, BufferPool, SizeClass } from '../base/buffer_pool.ts';
import type { Clock } from '../base/clock.ts';
import type { SocketAddress } from '../base/socket_address.ts';
import type { TimerWheel } from '../base/timer_wheel.ts';

/** What can go wrong with a socket; each errno is translated to one of these in one place. */
export const SocketError = {
  NONE: 0,
  /** The peer reset the connection (ECONNRESET, ECONNABORTED). */
  RESET: 1,
  /** Sending after the peer closed or we shut down (EPIPE). */
  PIPE: 2,
  REFUSED: 3,
  /** No route (EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL, ENOENT of a Unix path). */
  UNREACHABLE: 4,
  /** The kernel gave up (ETIMEDOUT). */
  TIMED_OUT: 5,
  /**
   * Out of descriptors, memory or local ports (EMFILE, ENFILE, ENOBUFS, ENOMEM, EAGAIN on connect).
   */
  RESOURCES: 6,
  /** We closed it ourselves while the operation was in flight. */
  CANCELED: 7,
  OTHER: 8,
} as const;
export type SocketError = (typeof SocketError)[keyof typeof SocketError];

/** Who is told what happens on a connection: a driver. */
export interface ConnectionHandler {
  /** An outgoing connection is open. Sends queued before are under way. */
  onConnected(): void;
  /** Bytes `[start, end)` of the arena, never empty. The handler owns the buffer from now on. */
  onReceive(buffer: BufferHandle, start: number, end: number): void;
  /** The peer sent its FIN: nothing more will be received. Sending still works. */
  onReceiveEnd(): void;
  /**
   * The send is over and the buffer is the handler's again. With an error part of it may have gone
   * out.
   */
  onSendEnd(buffer: BufferHandle, error: SocketError): void;
  /** Connecting failed or the receiving side broke. The handler closes the connection. */
  onError(error: SocketError): void;
  /** The descriptor is gone; last call. */
  onClosed(): void;
}

/** One socket. */
export interface Connection {
  /** Set before anything happens: by the acceptor inside `onAccept`, or by `connect`. */
  handler: ConnectionHandler;
  /** Bytes received and sent so far; `bytesSent` grows with each partial send, too. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** A send is under way (or waits for the connection to open). */
  readonly isSending: boolean;
  /**
   * The peer's address as text (`127.0.0.1`, `::1`, '' for a Unix socket) and port; asked once,
   * then kept.
   */
  readonly remoteHost: string;
  readonly remotePort: number;
  /** Our side's. */
  readonly localHost: string;
  readonly localPort: number;

  /**
   * Keeps receiving into small buffers until `pauseReceive` or `receiveOnce`. For heads and idling.
   */
  receiveContinuously(): void;
  /**
   * One delivery, into a buffer of up to that class, then nothing until asked again. For bodies.
   */
  receiveOnce(sizeClass: SizeClass): void;
  pauseReceive(): void;
  /**
   * Sends `bytes[start, end)` of `buffer`, whole. At most one send at a time (asserted). `more`
   * says that another send follows at once (MSG_MORE), so that the kernel may wait for a full
   * segment.
   */
  send(buffer: BufferHandle, start: number, end: number, more: boolean): void;
  /** Sends FIN. Not while a send is in flight. */
  shutdownSend(): void;
  /** Closes; what was sent whole still goes out. */
  close(): void;
  /** Closes with a RST, so that the peer cannot take a cut message for a whole one. */
  reset(): void;
}

/** Who takes new connections. */
export interface Acceptor {
  /**
   * How many more it can take before it has to close others. Where that is less than an accept
   * queue may hold, connections are accepted one by one, so that it can pause in time.
   */
  readonly roomCount: number;
  /** Must set `connection.handler` and may call any of its methods. */
  onAccept(connection: Connection): void;
  /**
   * No connection can be accepted now (descriptors or slots are used up): accepting is paused, and
   * goes on after the next close or a short while. The acceptor should close its oldest idle
   * connection.
   */
  onAcceptStarved(): void;
}

/** One listening socket that was opened elsewhere. */
export interface Listener {
  pauseAccept(): void;
  resumeAccept(): void;
  /**
   * Takes what still waits in the accept queue, then stops and calls back. The descriptor stays
   * open.
   */
  stop(onStopped: () => void): void;
}

/** What a transport counts; plain numbers, read by the metrics. */
export interface TransportCounters {
  accepted: number;
  connected: number;
  connectFailures: number;
  acceptStarvations: number;
  receiveStarvations: number;
  /**
   * Loop rounds (system calls that submit and reap) and completions reaped; 0 where there is no
   * ring.
   */
  rounds: number;
  completions: number;
}

export interface Transport {
  readonly kind: 'uring' | 'node' | 'simulated';
  readonly pool: BufferPool;
  readonly clock: Clock;
  /** Advanced by the transport's loop. */
  readonly timers: TimerWheel;
  readonly counters: TransportCounters;
  /** Open connections of both sides. */
  readonly connectionsCount: number;
  /** How many it has descriptors for: a few are kept in reserve. */
  readonly connectionsMax: number;
  /**
   * Serves a listening descriptor (stream socket, already listening, not closed by the transport).
   */
  listen(descriptor: number, acceptor: Acceptor): Listener;
  /** Opens a connection. Never throws for what the network does: `onError` comes later. */
  connect(address: SocketAddress, handler: ConnectionHandler): Connection;
  /** Calls `task` once from a later turn, also when called from another part of the process. */
  defer(task: () => void): void;
  /** Closes everything and frees the loop. Resolves when no operation is left in the kernel. */
  close(): Promise<void>;
}
