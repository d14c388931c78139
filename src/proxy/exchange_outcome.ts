// What became of an exchange, gathered while it runs, for the counters and the access log.

import type { ClientStream } from '../http/exchange_contract.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import { type AccessRecord, NO_TIME } from './access_record.ts';

export class ExchangeOutcome {
  error: ExchangeError = ExchangeError.NONE;
  /** Of the final head that was handed to the driver; 0 before. */
  status = 0;
  /** Name of the route; '' where none matched. */
  routeName = '';
  upstreamName = '';
  endpointUrl = '';
  /** When a connection was last asked for. */
  acquireMs = 0;
  connectMs: number = NO_TIME;
  firstByteMs: number = NO_TIME;
  /** Of a tunnel, whose head has gone back; null otherwise. */
  tunnelRecord: AccessRecord | null = null;

  /** Keeps what is to be known of a client stream that is not used any more. */
  readClient(client: ClientStream): void {
    if (client.isReused) this.connectMs = 0;
    else if (client.connectedMs > 0) this.connectMs = client.connectedMs - this.acquireMs;
    if (client.firstByteMs > 0) this.firstByteMs = client.firstByteMs - this.acquireMs;
  }

  reset(): void {
    this.error = ExchangeError.NONE;
    this.status = 0;
    this.routeName = '';
    this.upstreamName = '';
    this.endpointUrl = '';
    this.connectMs = NO_TIME;
    this.firstByteMs = NO_TIME;
    this.tunnelRecord = null;
  }
}
