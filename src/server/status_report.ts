// What a running ZProxy says about itself: the sums of all rows of the shared segment under names.
// The shape is what `GET /status` of the control socket answers and `zproxy status` prints.

import { CELL_ERRORS, Cell, EndpointCell, endpointCell } from '../base/metrics_cells.ts';
import { sumCell } from '../base/shared_layout.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { EXCHANGE_ERRORS } from '../http/exchange_error.ts';

export interface WorkerStatus {
  readonly slot: number;
  readonly state: string;
  /** 0 where no worker runs now. */
  readonly pid: number;
  readonly transport: string;
  readonly uptimeSeconds: number;
  readonly deaths: number;
  /** Why the last one died; '' if none did. */
  readonly lastDeath: string;
  readonly connectionsOpen: number;
  readonly requests: number;
}

export interface EndpointStatus {
  readonly url: string;
  readonly requests: number;
  readonly failures: number;
  readonly inFlight: number;
  readonly connections: number;
}

/** A worker that was replaced and finishes what it has open. */
export interface RetiringStatus {
  readonly slot: number;
  readonly pid: number;
  /** Since it was replaced. */
  readonly retiringSeconds: number;
  readonly connectionsOpen: number;
  /** Requests that it has counted, from its own start. */
  readonly requests: number;
}

/** What became of reloads, or upgrades, since the first start; an upgrade keeps the counts. */
export interface ChangeStatus {
  readonly ok: number;
  readonly failed: number;
  /** Unix time in seconds of the last one that went well; 0 for none. */
  readonly lastSuccessSeconds: number;
  /** Why the last one failed, in one sentence; '' if it went well, or none was tried. */
  readonly lastFailure: string;
}

const NO_CHANGES: ChangeStatus = { ok: 0, failed: 0, lastSuccessSeconds: 0, lastFailure: '' };

export interface StatusReport {
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  readonly state: 'starting' | 'running' | 'draining';
  readonly uptimeSeconds: number;
  /** Unix time in seconds when this program began to run in the process: an upgrade changes it. */
  readonly startedAtSeconds: number;
  readonly configFile: string;
  readonly configHash: string;
  readonly addresses: readonly string[];
  readonly workers: readonly WorkerStatus[];
  readonly retiring: readonly RetiringStatus[];
  readonly reloads: ChangeStatus;
  readonly upgrades: ChangeStatus;
  readonly connections: {
    readonly open: number;
    readonly accepted: number;
    readonly evicted: number;
    readonly drainResets: number;
    readonly tunnelsOpen: number;
  };
  readonly requests: {
    readonly total: number;
    readonly open: number;
    readonly responses: Readonly<Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number>>;
    readonly retries: number;
  };
  readonly bytes: { readonly received: number; readonly sent: number };
  /** Exchange errors that occurred, by code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly upstreamConnections: {
    readonly opened: number;
    readonly failed: number;
    readonly reused: number;
  };
  readonly upstreams: readonly {
    readonly name: string;
    readonly endpoints: readonly EndpointStatus[];
  }[];
  readonly accessLog: { readonly lines: number; readonly dropped: number };
  readonly starvations: { readonly accept: number; readonly receive: number };
}

/** What is not in the rows. */
export interface StatusFrame {
  readonly version: string;
  readonly state: StatusReport['state'];
  readonly uptimeSeconds: number;
  readonly addresses: readonly string[];
  readonly workers: readonly WorkerStatus[];
  /** Default: none. */
  readonly retiring?: readonly RetiringStatus[];
  /** Default: none was tried. */
  readonly reloads?: ChangeStatus;
  readonly upgrades?: ChangeStatus;
}

/**
 * Builds a report. `rows` are those of the living workers and the one that keeps what the dead
 * counted.
 */
export function buildStatusReport(
  frame: StatusFrame,
  snapshot: Snapshot,
  rows: readonly Float64Array[],
): StatusReport {
  const sum = (cell: number): number => sumCell(rows, cell);
  return {
    version: frame.version,
    node: process.version,
    pid: process.pid,
    state: frame.state,
    uptimeSeconds: frame.uptimeSeconds,
    startedAtSeconds: performance.timeOrigin / 1000,
    configFile: snapshot.file,
    configHash: snapshot.hash,
    addresses: frame.addresses,
    workers: frame.workers,
    retiring: frame.retiring ?? [],
    reloads: frame.reloads ?? NO_CHANGES,
    upgrades: frame.upgrades ?? NO_CHANGES,
    connections: {
      open: sum(Cell.CONNECTIONS_OPEN),
      accepted: sum(Cell.CONNECTIONS_ACCEPTED),
      evicted: sum(Cell.CONNECTIONS_EVICTED),
      drainResets: sum(Cell.DRAIN_RESETS),
      tunnelsOpen: sum(Cell.TUNNELS_OPEN),
    },
    requests: {
      total: sum(Cell.REQUESTS),
      open: sum(Cell.EXCHANGES_OPEN),
      responses: {
        '1xx': sum(Cell.RESPONSES_1XX),
        '2xx': sum(Cell.RESPONSES_2XX),
        '3xx': sum(Cell.RESPONSES_3XX),
        '4xx': sum(Cell.RESPONSES_4XX),
        '5xx': sum(Cell.RESPONSES_5XX),
      },
      retries: sum(Cell.RETRIES),
    },
    bytes: { received: sum(Cell.BYTES_RECEIVED), sent: sum(Cell.BYTES_SENT) },
    errors: errorsByCode(sum),
    upstreamConnections: {
      opened: sum(Cell.UPSTREAM_CONNECTS),
      failed: sum(Cell.UPSTREAM_CONNECT_FAILURES),
      reused: sum(Cell.UPSTREAM_REUSES),
    },
    upstreams: snapshot.upstreams.map((upstream) => ({
      name: upstream.name,
      endpoints: upstream.endpoints.map((endpoint) => endpointStatus(endpoint, sum)),
    })),
    accessLog: { lines: sum(Cell.LOG_LINES), dropped: sum(Cell.LOG_LINES_DROPPED) },
    starvations: { accept: sum(Cell.ACCEPT_STARVATIONS), receive: sum(Cell.RECEIVE_STARVATIONS) },
  };
}

function errorsByCode(sum: (cell: number) => number): Record<string, number> {
  const errors: Record<string, number> = {};
  EXCHANGE_ERRORS.forEach((info, error) => {
    const count = sum(CELL_ERRORS + error);
    if (error !== 0 && count !== 0) errors[info.code] = count;
  });
  return errors;
}

function endpointStatus(
  endpoint: { readonly url: string; readonly slot: number },
  sum: (cell: number) => number,
): EndpointStatus {
  const first = endpointCell(endpoint.slot);
  return {
    url: endpoint.url,
    requests: sum(first + EndpointCell.REQUESTS),
    failures: sum(first + EndpointCell.FAILURES),
    inFlight: sum(first + EndpointCell.IN_FLIGHT),
    connections: sum(first + EndpointCell.CONNECTIONS),
  };
}
