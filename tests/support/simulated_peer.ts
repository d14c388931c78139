// The other end of a simulated connection, in the hands of a test: a raw client of a listener, or
// what an outgoing connection reached. It writes and reads bytes, ends, resets, and can stop
// reading, so that the sends of the transport stall. Each `write` arrives as a delivery of its own
// (or several).

import type { SimulatedConnection } from './simulated_connection.ts';

export interface PeerWriteOptions {
  /** Offsets at which the bytes are cut into separate deliveries. */
  readonly splitAt?: readonly number[];
}

export class SimulatedPeer {
  /** What the peer has written and the transport has not taken yet; read by the connection. */
  readonly outgoing: Buffer[] = [];
  /** The transport's end; null until it is accepted and after it is gone. */
  connection: SimulatedConnection | null = null;
  /** Address that the transport sees; may be set before the connection is accepted. */
  host = '127.0.0.1';
  port = 0;
  /** The transport's own address, as it sees it. */
  localHost = '127.0.0.1';
  localPort = 80;
  /** While true no byte is taken: the transport's sends stall. */
  readPaused = false;
  /** The other side took the connection. */
  isOpen = false;
  /** The transport sent its FIN (or closed in order). */
  isEnded = false;
  /** The transport sent a RST, or answered late bytes with one. */
  isReset = false;
  /** The peer sent its FIN; its RST; closed, so that later bytes are answered with a RST. */
  hasEnded = false;
  hasReset = false;
  hasClosed = false;
  /** Called from the turn that brought the bytes; they are in `received`, too. */
  onReceive: ((bytes: Buffer) => void) | null = null;
  onEnd: (() => void) | null = null;
  onReset: (() => void) | null = null;
  readonly #received: Buffer[] = [];

  /** Writes bytes (text is latin1). Without effect after a RST in either direction. */
  write(bytes: string | Uint8Array, options: PeerWriteOptions = {}): void {
    if (this.hasEnded || this.hasClosed) throw new Error('a peer writes before its FIN');
    if (this.isReset || this.hasReset) return;
    if (this.isOpen && this.connection === null) {
      this.markReset(); // the socket on the other side is gone: its kernel answers with a RST
      return;
    }
    const whole = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
    let from = 0;
    for (const cut of [...(options.splitAt ?? []), whole.length]) {
      if (cut <= from || cut > whole.length) continue;
      this.outgoing.push(whole.subarray(from, cut));
      from = cut;
    }
  }

  /** Sends FIN behind what was written. The peer still reads. */
  end(): void {
    this.hasEnded = true;
  }

  /** Sends FIN and reads no more: bytes that come later are answered with a RST. */
  close(): void {
    this.hasEnded = true;
    this.hasClosed = true;
  }

  /**
   * The socket is closed, but its FIN is still under way: bytes that come now are answered with a
   * RST.
   */
  abandon(): void {
    this.hasClosed = true;
  }

  /** Sends RST. What was written before is delivered first, as Linux does. */
  reset(): void {
    this.hasReset = true;
  }

  /** All bytes received and not taken. */
  get received(): Buffer {
    if (this.#received.length > 1) {
      this.#received.splice(0, this.#received.length, Buffer.concat(this.#received));
    }
    return this.#received[0] ?? Buffer.alloc(0);
  }

  /** The received bytes as latin1 text. */
  receivedText(): string {
    return this.received.toString('latin1');
  }

  /** Takes the received bytes: the next call begins behind them. */
  takeReceived(): Buffer {
    const bytes = this.received;
    this.#received.length = 0;
    return bytes;
  }

  /** Bytes written that the transport has not taken: what back pressure holds up. */
  get unreadBytes(): number {
    return this.outgoing.reduce((sum, segment) => sum + segment.length, 0);
  }

  /** Called by the connection: bytes arrive. */
  takeBytes(bytes: Buffer): void {
    this.#received.push(bytes);
    this.onReceive?.(bytes);
  }

  /** Called by the connection: FIN arrives. */
  markEnded(): void {
    if (this.isEnded || this.isReset) return;
    this.isEnded = true;
    this.onEnd?.();
  }

  /** Called by the connection: RST arrives. */
  markReset(): void {
    if (this.isReset) return;
    this.isReset = true;
    this.outgoing.length = 0;
    this.onReset?.();
  }
}
