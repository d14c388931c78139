// What the supervisor and a worker say to each other over their channel: plain data, copied by
// structured clone (so that Infinity survives). Sockets and the shared segment are inherited
// descriptors.

import type { SourceLocation } from '../base/errors.ts';
import type { Snapshot } from '../config/snapshot.ts';
import type { RouteOptions } from '../proxy/options.ts';
import type { Credentials } from '../sys/process.ts';

/** One listening socket that a worker serves. */
export interface WorkerListener {
  readonly descriptor: number;
  /** Index into the snapshot's listeners. */
  readonly listenerIndex: number;
  /** The same for the same socket in every snapshot; never used again for another one. */
  readonly socketId: number;
}

/** A socket of a new snapshot: one that the worker serves already, or one that is handed to it. */
export interface PreparedListener {
  readonly listenerIndex: number;
  readonly socketId: number;
  /**
   * Its descriptor comes over the worker's descriptor channel before this message, with the same
   * generation and in the order of this list.
   */
  readonly isNew: boolean;
}

/** A snapshot on its way into a running worker; its routes follow in pieces. */
export interface PrepareMessage {
  readonly type: 'prepare';
  /** Grows with each try; answers carry it. */
  readonly generation: number;
  readonly snapshot: Omit<Snapshot, 'routes'>;
  readonly routesCount: number;
  readonly listeners: readonly PreparedListener[];
  /** What its names resolve to already. */
  readonly addresses: readonly HostAddresses[];
}

/** What a host name resolves to now, whichever endpoints have it; empty: it does not. */
export interface HostAddresses {
  readonly host: string;
  /** Numeric addresses in the order of the resolver's preference. */
  readonly addresses: readonly { readonly host: string; readonly family: 4 | 6 }[];
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
  readonly addresses: readonly HostAddresses[];
  /**
   * Says `ready` without accepting, and accepts once it is told to by `accept`: others still check
   * the snapshot, which may be abandoned (then comes `end`).
   */
  readonly isStandby: boolean;
}

export type ToWorker =
  | StartMessage
  /** For a worker that is on standby. */
  | { readonly type: 'accept' }
  | PrepareMessage
  /** The next routes: few at a time, so that requests are served in between. */
  | {
      readonly type: 'prepare-routes';
      readonly generation: number;
      readonly routes: readonly RouteOptions[];
    }
  /** All workers agree: exchanges that begin from now on use it. */
  | { readonly type: 'commit'; readonly generation: number }
  /** It will not be: what was prepared is dropped. */
  | { readonly type: 'abandon'; readonly generation: number }
  /** The supervisor is about to become another program: its silence means nothing until it ends. */
  | { readonly type: 'hand-over' }
  | { readonly type: 'addresses'; readonly updates: readonly HostAddresses[] }
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
  | { readonly type: 'failed'; readonly failure: WorkerFailure }
  /** `hash` is that of the snapshot that is ready to be committed. */
  | { readonly type: 'prepared'; readonly generation: number; readonly hash: string }
  | { readonly type: 'refused'; readonly generation: number; readonly failure: WorkerFailure }
  /** The new snapshot serves; sockets that it does not have are no longer accepted from. */
  | { readonly type: 'committed'; readonly generation: number };
