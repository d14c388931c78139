// The control socket of a running ZProxy: HTTP and JSON on a Unix socket of mode 0600, so that the
// file's owner (and root) is who may ask. Commands of the CLI are its clients.
//
//   GET  /status         StatusReport
//   POST /drain          202: begins a drain, as TERM does
//   POST /logs/reopen    204: as USR1 does

import { lstatSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { ZProxyError } from '../base/errors.ts';
import { EADDRINUSE, SysError } from '../sys/errno.ts';
import { closeDescriptor, openUnixListener } from '../sys/sockets.ts';
import { makeRuntimeFolder, runtimeFolder } from './runtime_path.ts';
import type { StatusReport } from './status_report.ts';

const MODE = 0o600;
const REQUEST_TIMEOUT_MS = 10_000;

/** What may be asked of the supervisor. */
export interface ControlActions {
  status(): StatusReport;
  drain(): void;
  reopenLogs(): void;
}

export class ControlSocket {
  readonly path: string;
  readonly #server: Server;
  readonly #inode: number;

  /** Opens the socket at `path`. Throws a ZProxyError where another process answers there. */
  constructor(path: string, actions: ControlActions) {
    this.path = path;
    const descriptor = openControl(path);
    this.#inode = lstatSync(path).ino;
    this.#server = createServer((request, response) => serve(request, response, actions));
    this.#server.requestTimeout = REQUEST_TIMEOUT_MS;
    this.#server.on('error', () => closeDescriptor(descriptor));
    this.#server.listen({ fd: descriptor });
    this.#server.unref();
  }

  /** Closes the socket and removes its file. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    try {
      if (lstatSync(this.path).ino === this.#inode) unlinkSync(this.path);
    } catch {
      // Already gone.
    }
  }
}

function openControl(path: string): number {
  if (dirname(path) === runtimeFolder()) makeRuntimeFolder(dirname(path));
  try {
    return openUnixListener(path, MODE);
  } catch (error) {
    const isInUse = error instanceof SysError && error.code === EADDRINUSE;
    const text = isInUse
      ? 'another ZProxy runs with this config; stop it, or set `control` to another path'
      : `${(error as Error).message}; set \`control\` to a path that this user may write to`;
    const code = isInUse ? 'ZP_CONTROL_IN_USE' : 'ZP_CONTROL';
    throw new ZProxyError(code, `cannot open the control socket ${path}: ${text}`, {
      cause: error,
    });
  }
}

function serve(request: IncomingMessage, response: ServerResponse, actions: ControlActions): void {
  request.resume();
  const target = `${request.method} ${request.url?.replace(/\?.*$/, '')}`;
  switch (target) {
    case 'GET /status':
      answer(response, 200, actions.status());
      return;
    case 'POST /drain':
      answer(response, 202, { state: 'draining' });
      actions.drain();
      return;
    case 'POST /logs/reopen':
      actions.reopenLogs();
      response.writeHead(204).end();
      return;
    default:
      answer(response, 404, { error: `there is no ${target}` });
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(`${JSON.stringify(body)}\n`);
}
