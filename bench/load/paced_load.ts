// Requests at a fixed rate, whatever the answers do (open loop): each has a time at which it is
// due, and its latency counts from then, so that a proxy that stands still is charged for everybody
// who would have come meanwhile. Over raw keep-alive connections, so that the client costs little.

import { connect, type Socket } from 'node:net';

export interface PacedOptions {
  readonly port: number;
  readonly perSecond: number;
  readonly connections: number;
  /** The paths that are asked for in turn. */
  readonly paths: readonly string[];
}

/** One answered request. Milliseconds of `performance.now()`. */
export interface Sample {
  readonly dueMs: number;
  readonly latencyMs: number;
}

const TICK_MS = 1;
const RECONNECT_MS = 1;

/** One connection with at most one request on it. */
interface Lane {
  socket: Socket | null;
  dueMs: number;
  isBusy: boolean;
  text: string;
}

export class PacedLoad {
  readonly samples: Sample[] = [];
  /** Requests that were not answered with 200, and why. */
  readonly failures: string[] = [];
  readonly #options: PacedOptions;
  readonly #lanes: Lane[] = [];
  /** Due times that no connection was free for. */
  readonly #waiting: number[] = [];
  #pathNext = 0;
  #dueNext = 0;
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(options: PacedOptions) {
    this.#options = options;
    for (let i = 0; i < options.connections; i++) {
      const lane: Lane = { socket: null, dueMs: 0, isBusy: false, text: '' };
      this.#lanes.push(lane);
      this.#open(lane);
    }
  }

  start(): void {
    this.#dueNext = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Sends no more and closes; what is unanswered is left out. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    for (const { socket } of this.#lanes) socket?.destroy();
  }

  #tick(): void {
    const nowMs = performance.now();
    const stepMs = 1000 / this.#options.perSecond;
    for (; this.#dueNext <= nowMs; this.#dueNext += stepMs) this.#waiting.push(this.#dueNext);
    for (const lane of this.#lanes) this.#send(lane);
  }

  #send(lane: Lane): void {
    if (lane.isBusy || lane.socket === null || this.#waiting.length === 0) return;
    const { paths } = this.#options;
    lane.dueMs = this.#waiting.shift()!;
    lane.isBusy = true;
    lane.text = '';
    const path = paths[this.#pathNext++ % paths.length]!;
    lane.socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
  }

  #onData(lane: Lane, chunk: Buffer): void {
    lane.text += chunk.toString('latin1');
    const headEnd = lane.text.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(lane.text)?.[1] ?? 0);
    if (lane.text.length < headEnd + 4 + length) return;
    if (!lane.text.startsWith('HTTP/1.1 200')) this.failures.push(lane.text.slice(0, 40));
    this.samples.push({ dueMs: lane.dueMs, latencyMs: performance.now() - lane.dueMs });
    lane.isBusy = false;
    if (/\r\nconnection: close/i.test(lane.text)) this.#reopen(lane);
    else this.#send(lane);
  }

  #open(lane: Lane): void {
    const socket = connect(this.#options.port, '127.0.0.1');
    socket.setNoDelay(true);
    lane.socket = socket;
    socket.on('data', (chunk) => this.#onData(lane, chunk as Buffer));
    socket.on('error', (error) => this.#onEnd(lane, socket, error.message));
    socket.on('end', () => this.#onEnd(lane, socket, 'closed'));
  }

  /** A connection that ends between two requests is no failure: a proxy may do that. */
  #onEnd(lane: Lane, socket: Socket, reason: string): void {
    if (lane.socket !== socket || this.#isStopped) return;
    if (lane.isBusy) this.failures.push(`in a request: ${reason}`);
    lane.isBusy = false;
    this.#reopen(lane);
  }

  #reopen(lane: Lane): void {
    lane.socket?.destroy();
    lane.socket = null;
    setTimeout(() => {
      if (!this.#isStopped) this.#open(lane);
    }, RECONNECT_MS);
  }
}

/** The latency that `share` of the samples do not exceed; 0 where there are none. */
export function percentile(samples: readonly Sample[], share: number): number {
  const sorted = samples.map((sample) => sample.latencyMs).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
