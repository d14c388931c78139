// Rules of the HTTP/1.1 client driver that need no state: what a socket's error means for an
// exchange, and which protocols an upgrade may lead to.

import { ExchangeError } from '../http/exchange_error.ts';
import type { RequestHead } from '../http/message_head.ts';
import { latin1Text } from '../http/text.ts';
import { SocketError } from '../ring/transport.ts';

/** What a failed attempt to connect is for the exchange. */
export function connectError(error: SocketError): ExchangeError {
  switch (error) {
    case SocketError.TIMED_OUT:
      return ExchangeError.CONNECT_TIMEOUT;
    case SocketError.UNREACHABLE:
      return ExchangeError.CONNECT_UNREACHABLE;
    case SocketError.RESOURCES:
      return ExchangeError.OVERLOADED;
    default:
      return ExchangeError.CONNECT_REFUSED;
  }
}

/** The protocols that the request asks to switch to, lower case; '' where it asks for none. */
export function requestedUpgrade(bytes: Uint8Array, head: RequestHead): string {
  if (head.upgradeStart >= head.upgradeEnd) return '';
  return latin1Text(bytes, head.upgradeStart, head.upgradeEnd).toLowerCase();
}

/**
 * Whether each token of `answered` is in `requested`: "A server MUST NOT switch to a protocol
 * that was not indicated by the client" (RFC 9110 section 7.8). Only for upgrades, so strings
 * will do.
 */
export function isUpgradeRequested(requested: string, answered: string): boolean {
  if (requested === '' || answered === '') return false;
  const tokens = requested.split(',').map((token) => token.trim());
  return answered.split(',').every((token) => tokens.includes(token.trim().toLowerCase()));
}
