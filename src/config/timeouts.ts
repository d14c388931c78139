// The keys of `timeouts`: what each is, its default, its bounds, and where it may be set. The
// schema, the defaults and the messages come from the one table; a test compares it with the doc
// comments.

import {
  BETWEEN_BYTES_TIMEOUT_MS,
  BODY_IDLE_TIMEOUT_MS,
  BODY_RATE_GRACE_MS,
  CONNECT_TIMEOUT_MS,
  DRAIN_IDLE_MS,
  DRAIN_TIMEOUT_MS,
  FIRST_BYTE_TIMEOUT_MS,
  KEEP_ALIVE_IDLE_TIMEOUT_MS,
  LINGER_TIMEOUT_MS,
  POOL_AGE_MS_MAX,
  POOL_IDLE_TIMEOUT_MS,
  REQUEST_HEAD_TIMEOUT_MS,
  RETIRE_TIMEOUT_MS,
  TUNNEL_IDLE_TIMEOUT_MS,
} from '../base/limits.ts';
import type { Scope } from './scope.ts';

/** Each value is a duration such as `'250ms'`, `'5s'`, `'1m'` or `'2h'`. */
export interface ListenerTimeouts {
  /**
   * A request head must be complete this long after accept, or after its first byte. Default
   * `'10s'`.
   */
  requestHead?: string | undefined;
  /** Longest pause inside a request body before the answer is 408. Default `'60s'`. */
  bodyIdle?: string | undefined;
  /**
   * How long a request body or a response read may stay below `limits.bodyRate`. Default `'10s'`.
   */
  bodyRateGrace?: string | undefined;
  /** How long a client's connection may wait for its next request. Default `'75s'`. */
  keepAliveIdle?: string | undefined;
  /**
   * How long unread bytes are discarded after an early answer, so that it arrives. Default
   * `'2s'`.
   */
  linger?: string | undefined;
  /** While draining, an idle client connection is closed after this long. Default `'5s'`. */
  drainIdle?: string | undefined;
}

/** Each value is a duration such as `'250ms'`, `'5s'`, `'1m'` or `'2h'`. */
export interface UpstreamTimeoutsConfig {
  /** Longest time to open a connection to an endpoint. Default `'5s'`. */
  connect?: string | undefined;
  /** Longest wait for the first byte of an answer once the request was sent. Default `'60s'`. */
  firstByte?: string | undefined;
  /** Longest pause inside an answer, and time for its head. Default `'60s'`. */
  betweenBytes?: string | undefined;
  /** Longest time without a byte in either direction of a tunnel (WebSocket). Default `'1h'`. */
  tunnelIdle?: string | undefined;
  /** How long an unused connection to an endpoint is kept. Default `'55s'`. */
  upstreamIdle?: string | undefined;
  /** A connection to an endpoint is not used again after this age. Default `'1h'`. */
  upstreamAge?: string | undefined;
}

/** Each value is a duration such as `'250ms'`, `'5s'`, `'1m'` or `'2h'`. */
export interface Timeouts extends ListenerTimeouts, UpstreamTimeoutsConfig {
  /**
   * How long open exchanges may take to end when ZProxy stops; then they are reset. Default
   * `'30s'`.
   */
  drain?: string | undefined;
  /**
   * How long a worker that was replaced, by an upgrade or since your code changed, may take to
   * finish its exchanges and tunnels; then they are reset. Default `'1h'`.
   */
  retire?: string | undefined;
}

export type TimeoutKey = keyof Timeouts;

/** One row of the table. */
export interface TimeoutRule {
  readonly defaultMs: number;
  readonly msMax: number;
  readonly scopes: readonly Scope[];
}

export const TIMEOUT_MS_MIN = 10;
const HOUR_MS = 3_600_000;
const DAY_MS: number = 24 * HOUR_MS;

const LISTENER: readonly Scope[] = ['global', 'listener'];
const UPSTREAM: readonly Scope[] = ['global', 'upstream'];

export const TIMEOUT_RULES: Readonly<Record<TimeoutKey, TimeoutRule>> = {
  requestHead: { defaultMs: REQUEST_HEAD_TIMEOUT_MS, msMax: HOUR_MS, scopes: LISTENER },
  bodyIdle: { defaultMs: BODY_IDLE_TIMEOUT_MS, msMax: DAY_MS, scopes: LISTENER },
  bodyRateGrace: { defaultMs: BODY_RATE_GRACE_MS, msMax: DAY_MS, scopes: LISTENER },
  keepAliveIdle: { defaultMs: KEEP_ALIVE_IDLE_TIMEOUT_MS, msMax: DAY_MS, scopes: LISTENER },
  linger: { defaultMs: LINGER_TIMEOUT_MS, msMax: HOUR_MS, scopes: LISTENER },
  drainIdle: { defaultMs: DRAIN_IDLE_MS, msMax: HOUR_MS, scopes: LISTENER },
  connect: { defaultMs: CONNECT_TIMEOUT_MS, msMax: HOUR_MS, scopes: UPSTREAM },
  firstByte: { defaultMs: FIRST_BYTE_TIMEOUT_MS, msMax: DAY_MS, scopes: UPSTREAM },
  betweenBytes: { defaultMs: BETWEEN_BYTES_TIMEOUT_MS, msMax: DAY_MS, scopes: UPSTREAM },
  tunnelIdle: { defaultMs: TUNNEL_IDLE_TIMEOUT_MS, msMax: 30 * DAY_MS, scopes: UPSTREAM },
  upstreamIdle: { defaultMs: POOL_IDLE_TIMEOUT_MS, msMax: DAY_MS, scopes: UPSTREAM },
  upstreamAge: { defaultMs: POOL_AGE_MS_MAX, msMax: 30 * DAY_MS, scopes: UPSTREAM },
  drain: { defaultMs: DRAIN_TIMEOUT_MS, msMax: DAY_MS, scopes: ['global'] },
  retire: { defaultMs: RETIRE_TIMEOUT_MS, msMax: 30 * DAY_MS, scopes: ['global'] },
};
