// Metrics of the endpoints, one series per upstream and endpoint of the configuration that serves
// now. An endpoint that stays keeps its counts over reloads.

import type { EndpointStatus } from '../server/status_report.ts';
import type { Metric } from './metric.ts';

function endpointMetric(
  metric: Omit<Metric, 'labels' | 'read' | 'unit'>,
  value: (endpoint: EndpointStatus) => number,
): Metric {
  return {
    ...metric,
    unit: '',
    labels: ['upstream', 'endpoint'],
    read: ({ report }) =>
      report.upstreams.flatMap(({ name, endpoints }) =>
        endpoints.map((endpoint) => ({ labels: [name, endpoint.url], value: value(endpoint) })),
      ),
  };
}

export const ENDPOINT_METRICS: readonly Metric[] = [
  endpointMetric(
    {
      name: 'zproxy_endpoint_requests_total',
      type: 'counter',
      help: 'Requests that were sent to the endpoint.',
    },
    (endpoint) => endpoint.requests,
  ),
  endpointMetric(
    {
      name: 'zproxy_endpoint_failures_total',
      type: 'counter',
      help: 'Attempts at the endpoint that failed.',
    },
    (endpoint) => endpoint.failures,
  ),
  endpointMetric(
    {
      name: 'zproxy_endpoint_requests_open',
      type: 'gauge',
      help: 'Requests that the endpoint is answering.',
    },
    (endpoint) => endpoint.inFlight,
  ),
  endpointMetric(
    {
      name: 'zproxy_endpoint_connections_open',
      type: 'gauge',
      help: 'Connections to the endpoint that are open, idle ones included.',
    },
    (endpoint) => endpoint.connections,
  ),
];
