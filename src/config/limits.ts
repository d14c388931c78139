// The keys of `limits`: what each is, its default, its bounds, and where it may be set. The
// schema, the defaults and the messages come from the one table; a test compares it with the doc
// comments.

import {
  BODY_RATE_BYTES_PER_SECOND_MIN,
  BUFFER_HEADROOM_BYTES,
  BUFFER_LARGE_BYTES,
  BUFFER_TAILROOM_BYTES,
  CLIENT_CONNECTIONS_MAX,
  CONNECTIONS_MAX,
  FIELD_BYTES_MAX,
  FIELDS_COUNT_MAX,
  HEAD_ADDITIONS_BYTES_MAX,
  LINGER_BYTES_MAX,
  POOL_CONNECTIONS_MAX,
  POOL_IDLE_CONNECTIONS_MAX,
  REQUEST_HEAD_BYTES_MAX,
  REQUESTS_PER_CONNECTION_MAX,
  RESPONSE_HEAD_BYTES_MAX,
  TARGET_BYTES_MAX,
} from '../base/limits.ts';
import type { Scope } from './scope.ts';

/** A size such as `'16KiB'` or `'10MB'`, or a number of bytes. */
export type ByteSize = string | number;

/** Limits of what clients may send. */
export interface ListenerLimits {
  /** Largest request head, a size up to 61KiB; more is 431. Default `'32KiB'`. */
  requestHead?: ByteSize | undefined;
  /** Largest single field (name and value), a size; more is 431. Default `'16KiB'`. */
  field?: ByteSize | undefined;
  /** Most fields of a request, up to 128; more is 431. Default `128`. */
  fields?: number | undefined;
  /** Longest request target, a size; more is 414. Default `'8KiB'`. */
  target?: ByteSize | undefined;
  /** Requests served on one connection before it is closed. Default `100000`. */
  requestsPerConnection?: number | undefined;
  /** Slowest average of a body per second, a size; `0` turns the check off. Default `'240B'`. */
  bodyRate?: ByteSize | undefined;
  /** Most unread bytes that are discarded after an early answer, a size. Default `'256KiB'`. */
  linger?: ByteSize | undefined;
}

/** Limits towards the endpoints of an upstream. */
export interface UpstreamLimits {
  /**
   * Largest response head, a size up to 61KiB, with at most 128 fields of 16KiB; more is 502.
   * Default `'32KiB'`.
   */
  responseHead?: ByteSize | undefined;
  /** Most connections to one endpoint, per worker. Default `4096`. */
  upstreamConnections?: number | undefined;
  /** Most unused connections kept to one endpoint, per worker. Default `256`. */
  upstreamIdleConnections?: number | undefined;
}

/** Limits of one route. */
export interface RouteLimits {
  /** Largest request body, a size or `'none'`; more is 413. Default `'none'`. */
  requestBody?: ByteSize | undefined;
}

/** Limits set at the top level are the defaults of all listeners, upstreams and routes. */
export interface Limits extends ListenerLimits, UpstreamLimits, RouteLimits {
  /**
   * Most client connections of one worker, over all listeners; fewer where it may open too few
   * descriptors to serve them. Default `32768`.
   */
  connections?: number | undefined;
}

export type LimitKey = keyof Limits;

/**
 * One row of the table. `size` takes units, `count` is a whole number; `hasNone` allows `'none'`.
 */
export interface LimitRule {
  readonly kind: 'size' | 'count';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly hasNone?: true;
  readonly scopes: readonly Scope[];
}

/** The largest head that still fits one large buffer after we have added to it, rounded down. */
const HEAD_BYTES_MAX: number =
  (BUFFER_LARGE_BYTES - BUFFER_HEADROOM_BYTES - BUFFER_TAILROOM_BYTES - HEAD_ADDITIONS_BYTES_MAX) &
  ~1023;

const LISTENER: readonly Scope[] = ['global', 'listener'];
const UPSTREAM: readonly Scope[] = ['global', 'upstream'];

export const LIMIT_RULES: Readonly<Record<LimitKey, LimitRule>> = {
  requestHead: size(REQUEST_HEAD_BYTES_MAX, 1_024, HEAD_BYTES_MAX, LISTENER),
  field: size(FIELD_BYTES_MAX, 256, HEAD_BYTES_MAX, LISTENER),
  fields: count(FIELDS_COUNT_MAX, 1, FIELDS_COUNT_MAX, LISTENER),
  target: size(TARGET_BYTES_MAX, 64, HEAD_BYTES_MAX, LISTENER),
  requestsPerConnection: count(REQUESTS_PER_CONNECTION_MAX, 1, 2 ** 31 - 1, LISTENER),
  bodyRate: size(BODY_RATE_BYTES_PER_SECOND_MIN, 0, 2 ** 30, LISTENER),
  linger: size(LINGER_BYTES_MAX, 0, 2 ** 30, LISTENER),
  responseHead: size(RESPONSE_HEAD_BYTES_MAX, 1_024, HEAD_BYTES_MAX, UPSTREAM),
  upstreamConnections: count(POOL_CONNECTIONS_MAX, 1, CONNECTIONS_MAX, UPSTREAM),
  upstreamIdleConnections: count(POOL_IDLE_CONNECTIONS_MAX, 0, CONNECTIONS_MAX, UPSTREAM),
  requestBody: {
    ...size(Number.POSITIVE_INFINITY, 0, Number.MAX_SAFE_INTEGER, ['global', 'route']),
    hasNone: true,
  },
  connections: count(CLIENT_CONNECTIONS_MAX, 1, CLIENT_CONNECTIONS_MAX, ['global']),
};

function size(bytes: number, min: number, max: number, scopes: readonly Scope[]): LimitRule {
  return { kind: 'size', default: bytes, min, max, scopes };
}

function count(number: number, min: number, max: number, scopes: readonly Scope[]): LimitRule {
  return { kind: 'count', default: number, min, max, scopes };
}
