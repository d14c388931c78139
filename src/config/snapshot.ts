// The compiled configuration: immutable plain data that crosses from the loader to the supervisor
// and to every worker. Functions never cross; each layer's options are built here with all
// defaults filled in.

import type { ListenerOptions } from '../downstream/options.ts';
import type { ProxyOptions, RouteOptions } from '../proxy/options.ts';
import type { RouteTableData } from '../routing/route_table_data.ts';
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
export type SourcedKey = 'accessLog' | 'control' | 'group' | 'metrics' | 'user';

export interface SnapshotListener extends ListenerOptions {
  readonly listen: ListenAddress;
  readonly source: Source;
}

/** Code of the user: middleware, and what it imports. */
export interface SnapshotCode {
  /** Real paths of the files, sorted. */
  readonly files: readonly string[];
  /** Hash over their names and contents; '' where there are none. */
  readonly hash: string;
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
  /** `routes` compiled, to be mapped by workers as it is. Follows from them: not in the hash. */
  readonly routeTable: RouteTableData;
  /** The user's code that runs in workers: module files and a hash over all that they import. */
  readonly code: SnapshotCode;
  readonly proxy: ProxyOptions;
  /** Where access lines go: '' for standard output, else a path; null turns the log off. */
  readonly accessLogPath: string | null;
  readonly drainMs: number;
  /** How long a worker that was replaced (reload of code, upgrade) may finish its exchanges. */
  readonly retireMs: number;
  /** Reload when a file that the configuration was read from changes. */
  readonly watch: boolean;
  /** Every file that was read for it, real paths: what `watch` looks at. */
  readonly files: readonly string[];
  /** Where metrics are served beside the control socket; null for nowhere else. */
  readonly metricsListen: ListenAddress | null;
  readonly user: string;
  readonly group: string;
  /** Path of the control socket; '' for the default one. */
  readonly controlPath: string;
  /** Where keys that only the running system can judge were written, if they were. */
  readonly sources: Readonly<Partial<Record<SourcedKey, Source>>>;
}
