// Which transport a worker would get on this machine, for `zproxy version`.

import { probeTransport, type TransportProbe } from '../ring/open_transport.ts';

export function describeTransport(): TransportProbe {
  return probeTransport();
}
