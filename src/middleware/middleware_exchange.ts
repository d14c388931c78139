// What middleware has to be told of the exchange that it runs for. Implemented by the exchange;
// every getter and method may be asked until the run is finished or `closeViews()` was called.

import type { RequestHead } from '../http/message_head.ts';
import type { HookOutcome } from './hook_outcome.ts';

export interface MiddlewareExchange {
  /** As routes matched it; changed in place by middleware. */
  readonly requestHead: RequestHead;
  readonly requestScheme: 'http' | 'https';
  /** Names of the route's path parameters, in order. */
  readonly paramNames: readonly string[];
  readonly routeName: string;
  /** The parameter as it stands in the path that was matched, percent-encoded. */
  paramText(index: number): string;
  /** Numeric address of the client, as far as trusted proxies tell it; '' on a Unix socket. */
  clientHost(): string;
  /** '' where requests get no id. */
  requestId(): string;
  /** Whether the configuration has that upstream. */
  hasUpstream(name: string): boolean;
  /** A phase that was suspended is over; comes from the loop's turn, never for a cancelled run. */
  onMiddlewareResume(outcome: HookOutcome): void;
}
