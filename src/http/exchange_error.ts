// Everything that a peer or the network can do wrong in an exchange: one table. An error is a
// number on the data path; the table says what the log calls it, what the client is answered, what
// `Proxy-Status` says (RFC 9209 section 2.3), whose doing it was, and whether trying again is safe.

/** Whether the request may be sent again. */
export const Retry = {
  NEVER: 0,
  /** Nothing of the request reached the upstream: always safe. */
  NOTHING_SENT: 1,
  /** Safe for an idempotent request of which no response byte was seen. */
  IDEMPOTENT: 2,
} as const;
export type Retry = (typeof Retry)[keyof typeof Retry];

export type ErrorOrigin = 'client' | 'upstream' | 'proxy';

/** One row. `status` 0: no answer is possible, the connection is closed or reset. */
export interface ExchangeErrorInfo {
  readonly code: string;
  readonly status: number;
  /** The `error` parameter of Proxy-Status; '' where RFC 9209 has none that fits. */
  readonly proxyStatus: string;
  readonly origin: ErrorOrigin;
  readonly retry: Retry;
  /** One sentence for the reference and for the error's body. */
  readonly text: string;
}

/** An error of an exchange: an index into the table. NONE is success. */
export const ExchangeError = {
  NONE: 0,
  REQUEST_HEAD_INVALID: 1,
  REQUEST_HEAD_TOO_LARGE: 2,
  REQUEST_TARGET_TOO_LONG: 3,
  REQUEST_HEAD_TIMEOUT: 4,
  REQUEST_VERSION_UNSUPPORTED: 5,
  REQUEST_CODING_UNSUPPORTED: 6,
  REQUEST_BODY_INVALID: 7,
  REQUEST_BODY_TOO_LARGE: 8,
  REQUEST_BODY_TIMEOUT: 9,
  REQUEST_BODY_TOO_SLOW: 10,
  EXPECTATION_FAILED: 11,
  METHOD_NOT_ALLOWED: 12,
  ROUTE_NOT_FOUND: 13,
  MISDIRECTED_REQUEST: 14,
  PROXY_LOOP: 15,
  CLIENT_CLOSED: 16,
  CLIENT_TOO_SLOW: 17,
  DNS_ERROR: 18,
  CONNECT_REFUSED: 19,
  CONNECT_TIMEOUT: 20,
  CONNECT_UNREACHABLE: 21,
  CONNECTION_LIMIT: 22,
  UPSTREAM_CLOSED_EARLY: 23,
  UPSTREAM_RESET: 24,
  UPSTREAM_WRITE_FAILED: 25,
  UPSTREAM_FIRST_BYTE_TIMEOUT: 26,
  UPSTREAM_BETWEEN_BYTES_TIMEOUT: 27,
  RESPONSE_HEAD_INVALID: 28,
  RESPONSE_HEAD_TOO_LARGE: 29,
  RESPONSE_BODY_INVALID: 30,
  RESPONSE_INCOMPLETE: 31,
  UPGRADE_FAILED: 32,
  TUNNEL_IDLE: 33,
  NO_ENDPOINT: 34,
  DRAINING: 35,
  OVERLOADED: 36,
  INTERNAL: 37,
  REQUEST_PATH_REFUSED: 38,
  MIDDLEWARE_FAILED: 39,
} as const;
export type ExchangeError = (typeof ExchangeError)[keyof typeof ExchangeError];

const { NEVER, NOTHING_SENT, IDEMPOTENT } = Retry;

/** The table, indexed by ExchangeError. */
export const EXCHANGE_ERRORS: readonly ExchangeErrorInfo[] = [
  row('none', 0, '', 'proxy', NEVER, 'No error.'),
  row(
    'request_head_invalid',
    400,
    'http_request_error',
    'client',
    NEVER,
    'The request head is malformed or ambiguous.',
  ),
  row(
    'request_head_too_large',
    431,
    'http_request_error',
    'client',
    NEVER,
    'The request head, a field of it, or their number exceeds a limit.',
  ),
  row(
    'request_target_too_long',
    414,
    'http_request_error',
    'client',
    NEVER,
    'The request target exceeds the limit.',
  ),
  row(
    'request_head_timeout',
    408,
    'http_request_error',
    'client',
    NEVER,
    'The request head did not arrive in time.',
  ),
  row(
    'request_version_unsupported',
    505,
    'http_request_error',
    'client',
    NEVER,
    'The major protocol version is not 1.',
  ),
  row(
    'request_coding_unsupported',
    501,
    'http_request_error',
    'client',
    NEVER,
    'A transfer coding other than chunked was used.',
  ),
  row(
    'request_body_invalid',
    400,
    'http_request_error',
    'client',
    NEVER,
    'The request body is not framed as its head says.',
  ),
  row(
    'request_body_too_large',
    413,
    'http_request_error',
    'client',
    NEVER,
    'The request body exceeds the limit.',
  ),
  row(
    'request_body_timeout',
    408,
    'http_request_error',
    'client',
    NEVER,
    'The request body stopped arriving.',
  ),
  row(
    'request_body_too_slow',
    408,
    'http_request_error',
    'client',
    NEVER,
    'The request body arrives below the minimum rate.',
  ),
  row(
    'expectation_failed',
    417,
    'http_request_error',
    'client',
    NEVER,
    'An expectation other than 100-continue.',
  ),
  row(
    'method_not_allowed',
    405,
    'http_request_denied',
    'client',
    NEVER,
    'The method is not allowed here.',
  ),
  row(
    'route_not_found',
    404,
    'destination_not_found',
    'client',
    NEVER,
    'No route matches the request.',
  ),
  row(
    'misdirected_request',
    421,
    'http_request_error',
    'client',
    NEVER,
    'This connection does not serve that host.',
  ),
  row(
    'proxy_loop',
    508,
    'proxy_loop_detected',
    'proxy',
    NEVER,
    'The request has passed this proxy before.',
  ),
  row(
    'client_closed',
    0,
    '',
    'client',
    NEVER,
    'The client closed the connection before the exchange was complete.',
  ),
  row(
    'client_too_slow',
    0,
    '',
    'client',
    NEVER,
    'The client reads the response below the minimum rate.',
  ),
  row(
    'dns_error',
    503,
    'dns_error',
    'upstream',
    NOTHING_SENT,
    'The host name of the endpoint does not resolve.',
  ),
  row(
    'connection_refused',
    502,
    'connection_refused',
    'upstream',
    NOTHING_SENT,
    'The endpoint refused the connection.',
  ),
  row(
    'connection_timeout',
    504,
    'connection_timeout',
    'upstream',
    NOTHING_SENT,
    'The endpoint did not answer the connection attempt in time.',
  ),
  row(
    'destination_ip_unroutable',
    502,
    'destination_ip_unroutable',
    'upstream',
    NOTHING_SENT,
    'There is no way to the endpoint.',
  ),
  row(
    'connection_limit_reached',
    503,
    'connection_limit_reached',
    'proxy',
    NOTHING_SENT,
    'The limit of connections to the upstream is reached.',
  ),
  row(
    'connection_terminated',
    502,
    'connection_terminated',
    'upstream',
    IDEMPOTENT,
    'The endpoint closed the connection before it answered.',
  ),
  row(
    'connection_reset',
    502,
    'connection_terminated',
    'upstream',
    IDEMPOTENT,
    'The endpoint reset the connection before it answered.',
  ),
  row(
    'connection_write_failed',
    502,
    'connection_terminated',
    'upstream',
    IDEMPOTENT,
    'The request could not be sent whole and no answer came.',
  ),
  row(
    'http_response_timeout',
    504,
    'http_response_timeout',
    'upstream',
    NEVER,
    'The endpoint did not begin its answer in time.',
  ),
  row(
    'connection_read_timeout',
    504,
    'connection_read_timeout',
    'upstream',
    NEVER,
    'The endpoint stopped in the middle of its answer.',
  ),
  row(
    'http_protocol_error',
    502,
    'http_protocol_error',
    'upstream',
    NEVER,
    'The answer of the endpoint is malformed or ambiguous.',
  ),
  row(
    'http_response_header_section_size',
    502,
    'http_response_header_section_size',
    'upstream',
    NEVER,
    'The head of the answer exceeds a limit.',
  ),
  row(
    'http_response_body_invalid',
    502,
    'http_response_transfer_coding',
    'upstream',
    NEVER,
    'The body of the answer is not framed as its head says.',
  ),
  row(
    'http_response_incomplete',
    502,
    'http_response_incomplete',
    'upstream',
    NEVER,
    'The connection to the endpoint ended in the middle of its answer.',
  ),
  row(
    'http_upgrade_failed',
    502,
    'http_upgrade_failed',
    'upstream',
    NEVER,
    'The endpoint switched to a protocol that was not asked for.',
  ),
  row('tunnel_idle', 0, '', 'proxy', NEVER, 'No byte passed through the tunnel for too long.'),
  row(
    'destination_unavailable',
    503,
    'destination_unavailable',
    'proxy',
    NOTHING_SENT,
    'The upstream has no endpoint that can be used.',
  ),
  row(
    'draining',
    503,
    'proxy_internal_response',
    'proxy',
    NEVER,
    'The proxy is shutting down and cut the exchange at its deadline.',
  ),
  row(
    'overloaded',
    503,
    'proxy_internal_response',
    'proxy',
    NEVER,
    'The proxy is out of buffers or connections.',
  ),
  row('proxy_internal_error', 500, 'proxy_internal_error', 'proxy', NEVER, 'The proxy failed.'),
  row(
    'request_path_refused',
    400,
    'http_request_error',
    'client',
    NEVER,
    'The path is spelled so that servers read it differently (`unsafePaths`).',
  ),
  row(
    'middleware_failed',
    500,
    'proxy_internal_error',
    'proxy',
    NEVER,
    'A middleware threw, or did not come to an end.',
  ),
];

function row(
  code: string,
  status: number,
  proxyStatus: string,
  origin: ErrorOrigin,
  retry: Retry,
  text: string,
): ExchangeErrorInfo {
  return { code, status, proxyStatus, origin, retry, text };
}
