// What the supervisor and a worker say to each other over their channel: plain data, copied by
// structured clone (so that Infinity survives). Sockets and the shared segment are inherited
// descriptors.

import type { SourceLocation } from '../base/errors.ts';
import type { SocketAddress } from '../base/socket_address.ts';
import type { Snapshot } from '../config/snapshot.ts';
import type { Credentials } from '../sys/process.ts';

/** One listening socket that a worker serves. */
export interface WorkerListener {
  readonly descriptor: number;
  /** Index into the snapshot's listeners. */
  readonly listenerIndex: number;
}

/** What a name of an endpoint resolves to now; empty: it does not. */
export interface EndpointAddresses {
  readonly upstreamIndex: number;
  readonly endpointIndex: number;
  readonly addresses: readonly SocketAddress[];
}

/** Everything that a worker needs to begin. */
export interface StartMessage {
  readonly type: 'start';
  readonly slot: number;
  readonly snapshot: Snapshot;
  readonly listeners: readonly WorkerListener[];
  readonly segmentDescriptor: number;
  /** Its row in the shared segment. */
  readonly row: number;
  /** Core to run on; -1 leaves that to the kernel. */
  readonly core: number;
  readonly credentials: Credentials | null;
  readonly addresses: readonly EndpointAddresses[];
}

export type ToWorker =
  | StartMessage
  | { readonly type: 'addresses'; readonly updates: readonly EndpointAddresses[] }
  /** Stop accepting, let exchanges end, exit; what is open after `deadlineMs` is reset. */
  | { readonly type: 'drain'; readonly deadlineMs: number }
  /** Reset what is open and exit now. */
  | { readonly type: 'end' }
  | { readonly type: 'reopen-logs' };

/** Why a worker cannot begin; the fields of a ZProxyError. */
export interface WorkerFailure {
  readonly code: string;
  readonly message: string;
  readonly location?: SourceLocation | undefined;
}

export type FromWorker =
  | { readonly type: 'ready'; readonly transport: string }
  | { readonly type: 'failed'; readonly failure: WorkerFailure };
