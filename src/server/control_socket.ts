// The control socket of a running ZProxy: HTTP and JSON on a Unix socket of mode 0600, so that the
// file's owner (and root) is who may ask. Commands of the CLI are its clients; control_routes.ts
// says what there is to ask.

import { lstatSync } from 'node:fs';
import type { Server } from 'node:http';
import { dirname } from 'node:path';
import { type SourceLocation, ZProxyError } from '../base/errors.ts';
import { duplicateDescriptor } from '../sys/duplicate_descriptor.ts';
import { EADDRINUSE, SysError } from '../sys/errno.ts';
import { closeDescriptor, openUnixListener } from '../sys/sockets.ts';
import type { ControlActions } from './control_actions.ts';
import { removeLink } from './control_alias.ts';
import { serveControl } from './control_routes.ts';
import type { SavedServer } from './hand_over.ts';
import { nodeHttp } from './node_http.ts';
import { makeRuntimeFolder, runtimeFolder } from './runtime_path.ts';
import { identifyFile, removeSocketFile } from './socket_file.ts';

const MODE = 0o600;
/** For a request to arrive; what answers it may take longer, as a reload does. */
const REQUEST_TIMEOUT_MS = 10_000;

export class ControlSocket {
  readonly path: string;
  /** What a program that follows this one in the same process takes over. */
  readonly saved: SavedServer;
  readonly #server: Server;

  /**
   * Opens the socket at `path`, which the config has at `location`, if anywhere; or takes over the
   * one that an earlier program opened there. Throws a ZProxyError where another process answers.
   */
  constructor(
    path: string,
    actions: ControlActions,
    location?: SourceLocation,
    adopted: SavedServer | null = null,
  ) {
    this.path = path;
    this.saved = adopted ?? openControl(path, location);
    const { descriptor } = this.saved;
    this.#server = nodeHttp().createServer((request, response) => {
      void serveControl(request, response, actions);
    });
    this.#server.requestTimeout = REQUEST_TIMEOUT_MS;
    // Nobody who asks keeps a process alive that is about to end.
    this.#server.on('connection', (socket) => socket.unref());
    // A copy of its own: the server can be closed and the socket go on.
    const copy = duplicateDescriptor(descriptor);
    this.#server.on('error', () => closeDescriptor(copy));
    this.#server.listen({ fd: copy });
    this.#server.unref();
  }

  /** Answers nobody any more; who asks waits for the server that takes the socket over. */
  detach(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  /**
   * Closes the socket and removes its file. What is being answered still is: a reload that moves
   * the socket was asked for through it.
   */
  close(): void {
    this.detach();
    closeDescriptor(this.saved.descriptor);
    if (this.saved.file !== null) removeSocketFile(this.path, this.saved.file);
  }
}

/** `sun_path` has 108 bytes, one of them for the NUL. */
const PATH_BYTES_MAX = 107;

function openControl(path: string, location: SourceLocation | undefined): SavedServer {
  if (dirname(path) === runtimeFolder()) {
    makeRuntimeFolder(dirname(path));
    removeLink(path); // of a time when this config had another path
  }
  try {
    const descriptor = openUnixListener(path, MODE);
    return { descriptor, file: identifyFile(path) };
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
