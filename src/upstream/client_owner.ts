// What a client tells whoever keeps the connections of an endpoint. None of these methods but the
// last two may call the exchange back.

import type { ExchangeError } from '../http/exchange_error.ts';
import type { Http1Client } from './http1_client.ts';
import type { PoolLimits } from './options.ts';

export interface ClientOwner {
  /** The endpoint, as a stream shows it. */
  readonly url: string;
  readonly authority: string;
  /** What counts for connections that are kept; a new snapshot may change it. */
  readonly limits: PoolLimits;
  /** Whether the connection may be kept; if so it is in the owner's idle list now. */
  onClientReusable(client: Http1Client): boolean;
  onClientConnected(): void;
  onConnectFailure(error: ExchangeError): void;
  /** The exchange on a connection is over; NONE where it did not fail. */
  onExchangeEnd(error: ExchangeError): void;
  /** The connection will be closed: it is not idle any more. */
  onClientClosing(client: Http1Client): void;
  /** The descriptor is gone and the client is the owner's. Requests that wait may be served. */
  onClientClosed(client: Http1Client): void;
  /** A connection was given back and all were told: requests that wait may be served. */
  onIdleAvailable(): void;
}
