// What a worker counts: cells of one row of plain numbers. In a pool of workers the row lies in the
// shared segment, so that the supervisor sums rows without asking anybody; inline and in tests it
// is an ordinary Float64Array. Each cell has one writer. A row begins with the cells named here,
// then one cell per exchange error, then a block of cells per endpoint slot.

import { ENDPOINTS_MAX, ERROR_CODES_MAX } from './limits.ts';

/** Cells of a worker's row. */
export const Cell = {
  /** Monotonic milliseconds of the last turn; the supervisor's heartbeat. */
  HEARTBEAT_MS: 0,
  CONNECTIONS_ACCEPTED: 1,
  CONNECTIONS_OPEN: 2,
  /** Closed idle to make room, refused at the limit. */
  CONNECTIONS_EVICTED: 3,
  REQUESTS: 4,
  EXCHANGES_OPEN: 5,
  RESPONSES_1XX: 6,
  RESPONSES_2XX: 7,
  RESPONSES_3XX: 8,
  RESPONSES_4XX: 9,
  RESPONSES_5XX: 10,
  BYTES_RECEIVED: 11,
  BYTES_SENT: 12,
  UPSTREAM_CONNECTS: 13,
  UPSTREAM_CONNECT_FAILURES: 14,
  UPSTREAM_REUSES: 15,
  RETRIES: 16,
  TUNNELS_OPEN: 17,
  LOG_LINES: 18,
  LOG_LINES_DROPPED: 19,
  DRAIN_RESETS: 20,
  ACCEPT_STARVATIONS: 21,
  RECEIVE_STARVATIONS: 22,
  LOOP_ROUNDS: 23,
  /** Copies of requests that were sent to a mirror, and those given up so as to hold nothing up. */
  MIRRORS: 24,
  MIRRORS_DROPPED: 25,
} as const;
export type Cell = (typeof Cell)[keyof typeof Cell];

/** First cell of the exchange errors: `CELL_ERRORS + ExchangeError`. */
export const CELL_ERRORS = 64;

/** Cells per endpoint slot: `endpointCell(slot) + EndpointCell.X`. */
export const EndpointCell = {
  REQUESTS: 0,
  FAILURES: 1,
  IN_FLIGHT: 2,
  CONNECTIONS: 3,
} as const;
const ENDPOINT_CELLS = 4;

/** Cells of one row. */
export const CELLS_COUNT: number = CELL_ERRORS + ERROR_CODES_MAX + ENDPOINTS_MAX * ENDPOINT_CELLS;

/** First cell of an endpoint. */
export function endpointCell(slot: number): number {
  return CELL_ERRORS + ERROR_CODES_MAX + slot * ENDPOINT_CELLS;
}
