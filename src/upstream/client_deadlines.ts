// The one deadline of a client connection, by what it is at: how long it runs, and what its end
// means.
//
//   AWAITING   first byte: from the last byte of the request that the kernel took. While the
//              request waits for its own client no time runs; one that is held for its body is
//              let go soon.
//   HEAD       between bytes, for the whole of a head from its first one on
//   BODY       between bytes, only while a chunk is asked for: our own back pressure is not counted
//   TUNNEL     idle in both directions, also after one of them has ended
//   ENDED      between bytes, while the kernel still has to take the last of the request
//   IDLE       the pool's idle timeout

import { REQUEST_HOLD_MS_MAX } from '../base/limits.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import { type ClientState, ResponseState } from './client_state.ts';
import type { PoolLimits, UpstreamTimeouts } from './options.ts';

const R = ResponseState;

/**
 * Milliseconds until the deadline from now; 0 for none. `isSending`: the kernel is to take bytes;
 * `isHolding`: a part of the request is held back for what was announced to follow; `isWaiting`: a
 * chunk of the body was asked for.
 */
export function deadlineDelayMs(
  state: ClientState,
  timeouts: UpstreamTimeouts,
  limits: PoolLimits,
  isSending: boolean,
  isHolding: boolean,
  isWaiting: boolean,
): number {
  switch (state.response) {
    case R.AWAITING:
      if (isHolding) return REQUEST_HOLD_MS_MAX;
      return isSending || state.isRequestSent || state.isBroken ? timeouts.firstByteMs : 0;
    case R.HEAD:
      return timeouts.betweenBytesMs;
    case R.BODY:
      return isWaiting ? timeouts.betweenBytesMs : 0;
    case R.TUNNEL:
      return timeouts.tunnelIdleMs;
    case R.ENDED:
      if (state.isTunnel) return timeouts.tunnelIdleMs;
      return isSending ? timeouts.betweenBytesMs : 0;
    case R.IDLE:
      return limits.idleTimeoutMs;
    default:
      return 0;
  }
}

/** The error of an exchange whose deadline has passed. */
export function deadlineError(state: ClientState): ExchangeError {
  if (state.isTunnel) return ExchangeError.TUNNEL_IDLE;
  if (state.response === R.HEAD || state.response === R.BODY) {
    return ExchangeError.UPSTREAM_BETWEEN_BYTES_TIMEOUT;
  }
  if (state.isBroken || state.response === R.ENDED) return ExchangeError.UPSTREAM_WRITE_FAILED;
  return ExchangeError.UPSTREAM_FIRST_BYTE_TIMEOUT;
}
