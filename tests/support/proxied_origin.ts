// A real proxy in this process, on a transport of the test's choice, in front of a scripted origin.
// Tests of one file share one where they need no config of their own.

import type { LogSink } from '../../src/base/log_sink.ts';
import type { Config } from '../../src/config/config.ts';
import { probeTransport } from '../../src/ring/open_transport.ts';
import { type InlineProxy, runInline } from '../../src/server/run_inline.ts';
import { compileSnapshot } from './compile_snapshot.ts';
import { ScriptedOrigin } from './scripted_origin.ts';
import { WireClient } from './wire_client.ts';

export type TransportName = 'uring' | 'node';

/** Both transports; why one cannot be tested here is its `skip`. */
export const TRANSPORTS: ReadonlyArray<{
  readonly transport: TransportName;
  readonly skip: string | false;
}> = [
  { transport: 'uring', skip: uringRefusal() },
  { transport: 'node', skip: false },
];

const WAIT_MS = 10_000;
const POLL_MS = 5;

/** A line of the access log, as far as tests ask for it. */
export interface LogLine {
  readonly method: string;
  readonly target: string;
  readonly status: number | null;
  readonly error: string;
  readonly upstream: string;
  readonly endpoint: string;
  readonly requestId: string;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

export class ProxiedOrigin {
  readonly origin: ScriptedOrigin;
  readonly proxy: InlineProxy;
  /** The access log. */
  readonly lines: LogLine[];
  readonly #clients: WireClient[] = [];

  constructor(origin: ScriptedOrigin, proxy: InlineProxy, lines: LogLine[]) {
    this.origin = origin;
    this.proxy = proxy;
    this.lines = lines;
  }

  /** `host:port` of a listener. */
  address(index: number = 0): string {
    return this.proxy.addresses[index]!;
  }

  get url(): string {
    return `http://${this.address()}`;
  }

  async client(listener: number = 0, allowHalfOpen: boolean = false): Promise<WireClient> {
    const client = await WireClient.connect(this.address(listener), allowHalfOpen);
    this.#clients.push(client);
    return client;
  }

  /** Opens a connection and sends bytes. */
  async send(bytes: string | Buffer, listener: number = 0): Promise<WireClient> {
    const client = await this.client(listener);
    client.write(bytes);
    return client;
  }

  /** Forgets what was recorded, and closes what a test left open. */
  restart(): void {
    for (const client of this.#clients.splice(0)) client.destroy();
    this.origin.restart();
    this.lines.length = 0;
  }

  /** Waits for `count` lines of the access log. */
  async logged(count: number = 1): Promise<LogLine[]> {
    await until(`${count} lines are logged`, () => this.lines.length >= count);
    return this.lines;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.proxy.close();
    await this.origin.close();
  }
}

/** What differs from one listener, one upstream and one route for everything. */
export type ProxiedConfig = Partial<Omit<Config, 'transport'>>;

/** Starts both on free ports; `more` may need to know the origin. */
export async function startProxied(
  transport: TransportName,
  more: ProxiedConfig | ((origin: ScriptedOrigin) => ProxiedConfig) = {},
): Promise<ProxiedOrigin> {
  const origin = await ScriptedOrigin.start();
  const lines: LogLine[] = [];
  const config: Config = {
    listeners: [{ address: '127.0.0.1:0' }],
    upstreams: { origin: { endpoints: [origin.url] } },
    routes: [{ upstream: 'origin' }],
    workers: 1,
    via: 'edge',
    ...(typeof more === 'function' ? more(origin) : more),
    transport,
  };
  const proxy = await runInline({
    snapshot: compileSnapshot(config),
    version: '0',
    log: SILENT,
    accessLog: {
      writeLine: (bytes, start, end) => {
        lines.push(JSON.parse(Buffer.from(bytes.subarray(start, end)).toString()) as LogLine);
        return true;
      },
    },
  });
  return new ProxiedOrigin(origin, proxy, lines);
}

/** Waits until `question` is answered with something truthy, or fails with `what`. */
export async function until<T>(what: string, question: () => T): Promise<NonNullable<T>> {
  const endMs = performance.now() + WAIT_MS;
  for (;;) {
    const answer = question();
    if (answer) return answer;
    if (performance.now() > endMs) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const SILENT: LogSink = { log: () => {} };

function uringRefusal(): string | false {
  const probe = probeTransport();
  return probe.kind === 'uring' ? false : `no io_uring here: ${probe.reason}`;
}
