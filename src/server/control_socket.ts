// The control socket of a running ZProxy: HTTP and JSON on a Unix socket of mode 0600, so that the
// file's owner (and root) is who may ask. Commands of the CLI are its clients.
//
//   GET  /status         StatusReport
//   POST /drain          202: begins a drain, as TERM does
//   POST /logs/reopen    204: as USR1 does

import { lstatSync, unlinkSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { type SourceLocation, ZProxyError } from '../base/errors.ts';
import { EADDRINUSE, SysError } from '../sys/errno.ts';
import { closeDescriptor, openUnixListener } from '../sys/sockets.ts';
import { nodeHttp } from './node_http.ts';
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

  /**
   * Opens the socket at `path`, which the config has at `location`, if anywhere. Throws a
   * ZProxyError where another process answers there.
   */
  constructor(path: string, actions: ControlActions, location?: SourceLocation) {
    this.path = path;
    const descriptor = openControl(path, location);
    this.#inode = lstatSync(path).ino;
    this.#server = nodeHttp().createServer((request, response) =>
      serve(request, response, actions),
    );
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

/** `sun_path` has 108 bytes, one of them for the NUL. */
const PATH_BYTES_MAX = 107;

function openControl(path: string, location: SourceLocation | undefined): number {
  if (dirname(path) === runtimeFolder()) makeRuntimeFolder(dirname(path));
  try {
    return openUnixListener(path, MODE);
  } catch (error) {
    const { message } = error as Error;
    const isTooLong = Buffer.byteLength(path) > PATH_BYTES_MAX;
    const isInUse = error instanceof SysError && error.code === EADDRINUSE;
    const reason = isTooLong ? `it is longer than ${PATH_BYTES_MAX} bytes` : message;
    const text = isInUse
      ? describeOccupied(path)
      : `${reason}; set \`control\` to a path that this user may write to`;
    const code = isInUse ? 'ZP_CONTROL_IN_USE' : 'ZP_CONTROL';
    throw new ZProxyError(code, `cannot open the control socket ${path}: ${text}`, {
      cause: error,
      location,
    });
  }
}

function describeOccupied(path: string): string {
  const isSocket = lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? true;
  return isSocket
    ? 'another ZProxy runs with this config; stop it, or set `control` to another path'
    : 'there is a file that is no socket; remove it, or set `control` to another path';
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
