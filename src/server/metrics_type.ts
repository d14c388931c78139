// What metrics are sent as: Prometheus' text format, whose version is part of its media type.

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
