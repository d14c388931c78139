// The compiled configuration: immutable plain data that crosses from the loader to the supervisor
// and to every worker. Functions never cross; each layer's options are built here with all
// defaults filled in.

import type { ListenerOptions } from '../downstream/options.ts';
import type { ProxyOptions } from '../proxy/options.ts';
import type { RouteOptions } from '../routing/route.ts';
import type { UpstreamOptions } from '../upstream/options.ts';

export type TransportChoice = 'auto' | 'uring' | 'node';

/** One listening address. */
export interface ListenAddress {
  readonly kind: 'tcp' | 'unix';
  /** Numeric host; '::' with `isDual` for both families; '' for a Unix socket. */
  readonly host: string;
  readonly port: number;
  /** `:port`: IPv6 socket that takes IPv4, too (or IPv4 alone where there is no IPv6). */
  readonly isDual: boolean;
  readonly path: string;
}

/** Where a value was written, for messages at run time. */
export interface Source {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly path: string;
}

/** Keys whose values cannot be judged before the start. */
export type SourcedKey = 'accessLog' | 'control' | 'group' | 'user';

export interface SnapshotListener extends ListenerOptions {
  readonly listen: ListenAddress;
  readonly source: Source;
}

export interface Snapshot {
  /** Hash over everything that follows: what workers report to have compiled. */
  readonly hash: string;
  /** Real path of the config file, '' for a config object. */
  readonly file: string;
  /** Worker processes; 0 is `'auto'`: one per core of the machine that runs them. */
  readonly workers: number;
  readonly transport: TransportChoice;
  readonly listeners: readonly SnapshotListener[];
  readonly upstreams: readonly UpstreamOptions[];
  readonly routes: readonly RouteOptions[];
  readonly proxy: ProxyOptions;
  /** Where access lines go: '' for standard output, else a path; null turns the log off. */
  readonly accessLogPath: string | null;
  readonly drainMs: number;
  readonly user: string;
  readonly group: string;
  /** Path of the control socket; '' for the default one. */
  readonly controlPath: string;
  /** Where keys that only the running system can judge were written, if they were. */
  readonly sources: Readonly<Partial<Record<SourcedKey, Source>>>;
}
