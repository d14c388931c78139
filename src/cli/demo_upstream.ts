// The built-in upstream of `zproxy demo`: shows what it received (a page for browsers, JSON for
// everything else), streams events, echoes bodies and WebSocket messages. Listens on loopback
// only.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nodeHttp } from '../server/node_http.ts';
import { serveEcho } from './demo_echo.ts';
import { fieldsOf, renderDemoPage } from './demo_page.ts';

const EVENT_INTERVAL_MS = 1_000;

/** A running demo upstream. */
export interface DemoUpstream {
  readonly port: number;
  close(): void;
}

export async function startDemoUpstream(): Promise<DemoUpstream> {
  const server: Server = nodeHttp().createServer(serve);
  server.on('upgrade', serveEcho);
  // Longer than the proxy keeps an idle connection, so that it never closes one that is being
  // reused.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  response.on('error', () => response.destroy());
  switch (request.url?.replace(/\?.*$/, '')) {
    case '/events':
      serveEvents(response);
      return;
    case '/echo':
      response.writeHead(200, {
        'content-type': request.headers['content-type'] ?? 'application/octet-stream',
      });
      request.pipe(response);
      return;
    default:
      serveFields(request, response);
  }
}

function serveFields(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  if (request.headers.accept?.includes('text/html')) {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(renderDemoPage(request));
    return;
  }
  const { method, url } = request;
  const fields = Object.fromEntries(fieldsOf(request));
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify({ method, url, fields }, null, 2)}\n`);
}

/** Server-sent events: the time, once a second, for as long as the client stays. */
function serveEvents(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const send = (): void => {
    response.write(`data: ${new Date().toISOString()}\n\n`);
  };
  send();
  const timer = setInterval(send, EVENT_INTERVAL_MS);
  response.on('close', () => clearInterval(timer));
}
