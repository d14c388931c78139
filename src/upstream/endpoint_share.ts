// An endpoint as the upstream of one snapshot has it: its place and weight there, and the settings
// of the exchanges that begin with that snapshot. The endpoint itself, with its connections, is
// shared.

import type { ResponseDecoder } from '../http1/response_decoder.ts';
import type { Endpoint } from './endpoint.ts';
import type { UpstreamTimeouts } from './options.ts';

/** What exchanges of one upstream and snapshot go by, whichever connection they are on. */
export interface ClientSettings {
  readonly timeouts: UpstreamTimeouts;
  /** Knows the limits of a response head; keeps nothing between calls. */
  readonly decoder: ResponseDecoder;
}

export class EndpointShare {
  readonly endpoint: Endpoint;
  /** Place among the upstream's endpoints. */
  readonly index: number;
  readonly weight: number;
  readonly settings: ClientSettings;
  /** Of the smooth weighted round robin; only the balancer writes it. */
  currentWeight = 0;

  constructor(endpoint: Endpoint, index: number, weight: number, settings: ClientSettings) {
    this.endpoint = endpoint;
    this.index = index;
    this.weight = weight;
    this.settings = settings;
  }
}
