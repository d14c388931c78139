// Every limit has a name, a unit and a place: this one. Those that a user may change are the
// defaults of the config's `timeouts` and `limits`; relations between them are asserted at the end.

import { assert } from './assert.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

// --- memory of one worker ------------------------------------------------------------------------

/** The worker's arena. Virtual: only pages that were used once count. */
export const ARENA_BYTES: number = 384 * MIB;
/** Bytes of an arena that hold constant text (field names, Via, dates) and scratch. */
export const ARENA_STATIC_BYTES: number = 64 * KIB;
/**
 * Unused bytes kept before and after a buffer's payload: room for a chunk's size line and its CRLF.
 */
export const BUFFER_HEADROOM_BYTES = 16;
export const BUFFER_TAILROOM_BYTES = 16;
export const BUFFER_SMALL_BYTES: number = 4 * KIB;
export const BUFFER_MEDIUM_BYTES: number = 16 * KIB;
export const BUFFER_LARGE_BYTES: number = 64 * KIB;
/** Shares of the arena, in buffers. */
export const BUFFER_SMALL_COUNT = 49_152; // 192 MiB
export const BUFFER_MEDIUM_COUNT = 3_584; // 56 MiB
export const BUFFER_LARGE_COUNT = 2_040; // 127.5 MiB
/** Small buffers that the kernel holds to receive into; small so that they stay in cache. */
export const RECEIVE_BUFFERS_COUNT = 128;
export const RECEIVE_MEDIUM_BUFFERS_COUNT = 64;
export const RECEIVE_LARGE_BUFFERS_COUNT = 8;
/** Receive buffers that a connection may hold unparsed before its receive is paused. */
export const UNPARSED_BUFFERS_MAX = 2;

// --- the ring ------------------------------------------------------------------------------------

export const RING_ENTRIES = 1_024;
export const RING_COMPLETIONS: number = 8 * 1_024;
/** Connections (both sides) of one worker: slots in the transport's table. */
export const CONNECTIONS_MAX = 65_536;
/** Of them, what clients may take: each exchange needs at most one more towards an endpoint. */
export const CLIENT_CONNECTIONS_MAX = 32_768;
export const LISTEN_BACKLOG = 4_096;
/** Descriptors a worker never uses for connections, so that logs and control always work. */
export const DESCRIPTORS_RESERVED = 64;
/** A turn of the loop ends after this long even while completions keep coming. */
export const TURN_MS_MAX = 1;
export const TURN_ROUNDS_MAX = 32;

// --- requests ------------------------------------------------------------------------------------

export const REQUEST_HEAD_BYTES_MAX: number = 32 * KIB;
export const RESPONSE_HEAD_BYTES_MAX: number = 32 * KIB;
export const FIELDS_COUNT_MAX = 128;
export const FIELD_BYTES_MAX: number = 16 * KIB;
export const TARGET_BYTES_MAX: number = 8 * KIB;
export const CHUNK_EXTENSION_BYTES_MAX: number = 4 * KIB;
export const TRAILER_BYTES_MAX: number = 8 * KIB;
/** Room for what we add to a head: forwarding fields, Via, request id. */
export const HEAD_ADDITIONS_BYTES_MAX: number = 2 * KIB;
/** What middleware may write into one message: names, values and a new path. */
export const MIDDLEWARE_FIELD_BYTES_MAX: number = 24 * KIB;
/** Interim (1xx) responses of one exchange; more is an upstream gone mad. */
export const INTERIM_RESPONSES_MAX = 16;
/** Empty lines tolerated before a request line (RFC 9112 section 2.2). */
export const EMPTY_LINES_BEFORE_REQUEST_MAX = 1;
/** No registered method is longer than 17 bytes. */
export const METHOD_BYTES_MAX = 64;
/** Elements of `Connection` in one head. */
export const CONNECTION_OPTIONS_MAX = 64;
export const REQUESTS_PER_CONNECTION_MAX = 100_000;
/** Parameters of one path pattern, and the segments that it may have. */
export const PATH_PARAMETERS_COUNT_MAX = 32;
export const PATH_PATTERN_SEGMENTS_COUNT_MAX = 256;

// --- timeouts, milliseconds ----------------------------------------------------------------------

export const REQUEST_HEAD_TIMEOUT_MS = 10_000;
export const BODY_IDLE_TIMEOUT_MS = 60_000;
export const KEEP_ALIVE_IDLE_TIMEOUT_MS = 75_000;
export const CONNECT_TIMEOUT_MS = 5_000;
export const FIRST_BYTE_TIMEOUT_MS = 60_000;
export const BETWEEN_BYTES_TIMEOUT_MS = 60_000;
/** An endpoint that has not said 100 (Continue) by then is sent the body anyway. */
export const CONTINUE_WAIT_MS = 1_000;
/** A hook of middleware whose promise has not settled by then has failed. */
export const MIDDLEWARE_TIMEOUT_MS = 30_000;
/** Failures of one middleware are logged this often at most, with the number of those left out. */
export const MIDDLEWARE_LOG_INTERVAL_MS = 1_000;
export const TUNNEL_IDLE_TIMEOUT_MS = 3_600_000;
export const DRAIN_TIMEOUT_MS = 30_000;
export const DRAIN_IDLE_MS = 5_000;
/** A worker that was replaced finishes its exchanges and tunnels within this time. */
export const RETIRE_TIMEOUT_MS = 3_600_000;
/** Slow bodies: below this average after the grace, a request body or a response read is cut. */
export const BODY_RATE_BYTES_PER_SECOND_MIN = 240;
export const BODY_RATE_GRACE_MS = 10_000;
export const LINGER_TIMEOUT_MS = 2_000;
export const LINGER_BYTES_MAX: number = 256 * KIB;

// --- upstream pools, per worker and endpoint -----------------------------------------------------

export const POOL_IDLE_CONNECTIONS_MAX = 256;
export const POOL_CONNECTIONS_MAX = 4_096;
export const POOL_IDLE_TIMEOUT_MS = 55_000;
export const POOL_AGE_MS_MAX = 3_600_000;
export const POOL_WAITING_MAX = 4_096;
/** Response bodies with more than this left are read in large buffers, one when it is asked for. */
export const RESPONSE_CONTINUOUS_BYTES_MAX: number = 16 * KIB;
/** A request that was announced as small waits this long at most for the rest of it. */
export const REQUEST_HOLD_MS_MAX = 20;

// --- own bodies: `respond.file`, error pages -----------------------------------------------------

/** Each is kept in memory by every worker: larger ones are for an upstream. */
export const OWN_BODY_BYTES_MAX: number = MIB;

// --- the access log ------------------------------------------------------------------------------

export const LOG_BUFFER_BYTES: number = 256 * KIB;
export const LOG_LINE_BYTES_MAX: number = 16 * KIB;
export const LOG_FLUSH_INTERVAL_MS = 100;

// --- supervisor ----------------------------------------------------------------------------------

export const WORKERS_MAX = 256;
/** Replaced workers of one slot that may still finish what they have; the oldest gives way. */
export const RETIRING_WORKERS_MAX = 4;
/** All workers have compiled a new snapshot by then, or it is abandoned. */
export const PREPARE_TIMEOUT_MS = 10_000;
/** A worker that has not taken a committed snapshot by then is replaced. */
export const COMMIT_TIMEOUT_MS = 10_000;
/** Routes that a worker is sent at once: it serves requests in between. */
export const PREPARE_ROUTES_COUNT = 100;
export const HEARTBEAT_INTERVAL_MS = 500;
export const HEARTBEAT_TIMEOUT_MS = 10_000;
export const WORKER_DEATHS_BEFORE_BACKOFF = 3;
export const WORKER_DEATHS_WINDOW_MS = 10_000;
export const WORKER_BACKOFF_MS_MIN = 100;
export const WORKER_BACKOFF_MS_MAX = 10_000;
/** A worker that is not ready by then is killed and counts as dead. */
export const WORKER_START_TIMEOUT_MS = 30_000;
/**
 * A second TERM or INT counts from here on: a terminal and a launcher may deliver the first one
 * twice.
 */
export const DRAIN_END_AFTER_MS = 1_000;
/**
 * After the drain's deadline, or the end of a drain, workers have this long before they are killed.
 */
export const WORKER_EXIT_GRACE_MS = 2_000;
export const RESOLVE_INTERVAL_MS = 30_000;
export const RESOLVE_RETRY_MS_MIN = 1_000;
/** Workers begin to accept after this long, whether the first names have resolved or not. */
export const RESOLVE_START_MS_MAX = 1_000;
export const ENDPOINTS_MAX = 4_096;
export const UPSTREAMS_MAX = 1_024;
export const ERROR_CODES_MAX = 128;

assert(
  ARENA_STATIC_BYTES +
    BUFFER_SMALL_COUNT * BUFFER_SMALL_BYTES +
    BUFFER_MEDIUM_COUNT * BUFFER_MEDIUM_BYTES +
    BUFFER_LARGE_COUNT * BUFFER_LARGE_BYTES <=
    ARENA_BYTES,
  'the buffers fit the arena',
);
assert(
  Math.max(REQUEST_HEAD_BYTES_MAX, RESPONSE_HEAD_BYTES_MAX) +
    HEAD_ADDITIONS_BYTES_MAX +
    MIDDLEWARE_FIELD_BYTES_MAX +
    FIELDS_COUNT_MAX * ': \r\n'.length <=
    BUFFER_LARGE_BYTES - BUFFER_HEADROOM_BYTES - BUFFER_TAILROOM_BYTES,
  'a rewritten head fits one large buffer',
);
assert(FIELD_BYTES_MAX < REQUEST_HEAD_BYTES_MAX, 'a field fits a head');
assert(RECEIVE_BUFFERS_COUNT < BUFFER_SMALL_COUNT, 'the kernel holds a part of the small buffers');
assert(
  CLIENT_CONNECTIONS_MAX + RECEIVE_BUFFERS_COUNT <= (BUFFER_SMALL_COUNT * 3) / 4,
  'clients that all stop in the middle of a head leave small buffers for the others',
);
assert(CLIENT_CONNECTIONS_MAX * 2 <= CONNECTIONS_MAX, 'clients leave slots for the upstream side');
assert(CONNECTIONS_MAX <= 1 << 20, 'a slot index fits the user_data of a ring operation');
