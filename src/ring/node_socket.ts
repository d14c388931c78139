// A socket of node:net as the node transport needs it. Two things go beyond net.Socket's documented
// face, both only here:
// - A server makes its sockets without `onread`, so an accepted one is taken apart and its handle
//   wrapped anew. `_handle` and the option `handle` are what Node's own modules use for that.
// - Sends go to `_write`, the method below Writable: its queue would cost a tick per send, and an
//   error would destroy the socket before an answer that has already arrived was read.

import { Socket } from 'node:net';

/** Milliseconds of silence before the kernel probes a peer. */
export const KEEP_ALIVE_DELAY_MS = 60_000;

/** The part of libuv's wrapper that is used: starting and stopping reads, bytes not yet taken. */
interface SocketHandle {
  reading: boolean;
  readonly writeQueueSize: number;
  readStart(): number;
  readStop(): number;
}

/** Who is told of bytes. */
export interface SocketReader {
  /** The memory for the next read. */
  nextReadBuffer(): Uint8Array;
  /** `byteCount` bytes lie in it. Returns whether to keep reading. */
  onRead(byteCount: number): boolean;
}

export class NodeSocket extends Socket {
  /**
   * Takes over an accepted socket that was paused when it was made; or makes one that will connect.
   */
  constructor(reader: SocketReader, accepted: Socket | null) {
    const options = {
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
      pauseOnCreate: true,
      onread: {
        buffer: () => reader.nextReadBuffer(),
        callback: (byteCount: number) => reader.onRead(byteCount),
      },
    };
    super(accepted === null ? options : { ...options, ...takeHandle(accepted) });
    // Nothing flows on its own: reads are started by `startReading` alone.
    this.pause();
  }

  /** Reads until `onRead` returns false. */
  startReading(): void {
    const handle = handleOf(this);
    if (handle === null || handle.reading) return;
    handle.reading = true;
    if (handle.readStart() !== 0) this.destroy();
  }

  stopReading(): void {
    const handle = handleOf(this);
    if (handle === null || !handle.reading) return;
    handle.reading = false;
    handle.readStop();
  }

  /**
   * Hands the bytes to libuv, which tries at once. `onWritten` may be called before this returns.
   */
  writeDirectly(bytes: Uint8Array, onWritten: (error?: Error | null) => void): void {
    this._write(bytes, 'buffer' as BufferEncoding, onWritten);
  }

  /** Bytes given to libuv that the kernel has not taken yet. */
  get unwrittenBytes(): number {
    return handleOf(this)?.writeQueueSize ?? 0;
  }
}

function handleOf(socket: Socket): SocketHandle | null {
  return (socket as unknown as { readonly _handle: SocketHandle | null })._handle;
}

/** Takes the handle out of a socket, which is then empty and may be destroyed. */
function takeHandle(socket: Socket): { readonly handle: unknown } {
  const holder = socket as unknown as { _handle: unknown };
  const handle = holder._handle;
  holder._handle = null;
  socket.destroy();
  return { handle };
}
