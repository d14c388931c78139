// The listener of its own that metrics are scraped from, where the configuration has one. It only
// reads: whoever may connect learns how much there is to do, and can change nothing.
//
//   GET, HEAD /metrics    Prometheus' text format
//   GET, HEAD /healthz    200 while requests are served, 503 before that and during a drain

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { formatSocketAddress } from '../base/socket_address.ts';
import type { ListenAddress } from '../config/snapshot.ts';
import { duplicateDescriptor } from '../sys/duplicate_descriptor.ts';
import { closeDescriptor } from '../sys/sockets.ts';
import type { ControlActions } from './control_actions.ts';
import { type OpenMetricsSocket, openMetricsSocket } from './metrics_socket.ts';
import { METRICS_TYPE } from './metrics_type.ts';
import { nodeHttp } from './node_http.ts';
import { removeSocketFile } from './socket_file.ts';

const REQUEST_TIMEOUT_MS = 10_000;
const HEAD_BYTES_MAX: number = 8 * 1024;
/** Scrapers are few; what is more than this is a mistake or an attack. */
const CONNECTIONS_MAX = 64;

/** What it tells about. */
export type MetricsActions = Pick<ControlActions, 'metrics' | 'status'>;

export class MetricsServer {
  /** Where it listens, with the port that was picked. */
  readonly address: string;
  /** As the configuration has it: the same there means that this one stays. */
  readonly listen: ListenAddress;
  /** What a program that follows this one in the same process takes over. */
  readonly socket: OpenMetricsSocket;
  readonly #server: Server;

  /**
   * Opens the address, which the config has at `configSource`, or takes over the socket that an
   * earlier program opened there. Throws a ZProxyError that names that line where it cannot be
   * opened, and leaves nothing open then.
   */
  constructor(
    listen: ListenAddress,
    actions: MetricsActions,
    configSource?: unknown,
    adopted: OpenMetricsSocket | null = null,
  ) {
    this.listen = listen;
    this.socket = adopted ?? openMetricsSocket(listen, configSource);
    this.address = formatSocketAddress(this.socket.address);
    const options = { maxHeaderSize: HEAD_BYTES_MAX, requestTimeout: REQUEST_TIMEOUT_MS };
    this.#server = nodeHttp().createServer(options, (request, response) =>
      serve(request, response, actions),
    );
    this.#server.maxConnections = CONNECTIONS_MAX;
    // Nobody who asks keeps a process alive that is about to end.
    this.#server.on('connection', (socket) => socket.unref());
    // A copy of its own: the server can be closed and the socket go on.
    this.#server.listen({ fd: duplicateDescriptor(this.socket.descriptor) });
    this.#server.unref();
  }

  /** Answers nobody any more; who connects waits for the server that takes the socket over. */
  detach(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Closes the listener and its connections, and removes its file, if it has one. */
  close(): void {
    this.detach();
    closeDescriptor(this.socket.descriptor);
    const { address, file } = this.socket;
    if (address.kind === 'unix' && file !== null) removeSocketFile(address.path, file);
  }
}

function serve(request: IncomingMessage, response: ServerResponse, actions: MetricsActions): void {
  request.resume();
  const path = request.url!.replace(/\?.*$/, '');
  if (path !== '/metrics' && path !== '/healthz') {
    answer(response, 404, `there is no ${path}; metrics are at /metrics\n`);
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    answer(response, 405, `${path} is asked with GET\n`);
    return;
  }
  try {
    serveKnown(path, response, actions);
  } catch (error) {
    // A mistake of ours in what was asked for must not end the process that serves.
    answer(response, 500, `${(error as Error).message}\n`);
  }
}

function serveKnown(path: string, response: ServerResponse, actions: MetricsActions): void {
  if (path === '/metrics') {
    answer(response, 200, actions.metrics(), METRICS_TYPE);
    return;
  }
  const { retiring, state } = actions.status();
  // During an upgrade the workers of the version before serve.
  const isServing = state === 'running' || (state === 'starting' && retiring.length > 0);
  answer(response, isServing ? 200 : 503, `${state}\n`);
}

function answer(
  response: ServerResponse,
  status: number,
  text: string,
  type: string = 'text/plain; charset=utf-8',
): void {
  const body = Buffer.from(text);
  response.writeHead(status, { 'content-type': type, 'content-length': body.length });
  response.end(body);
}
