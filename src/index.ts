// The public API of the package and its only barrel: what `import ... from 'zproxy'` gives.

export type {
  AccessLogConfig,
  Config,
  EndpointConfig,
  ListenerConfig,
  RouteConfig,
  UpstreamConfig,
} from './config/config.ts';
export { defineConfig } from './config/define_config.ts';
export type {
  ByteSize,
  Limits,
  ListenerLimits,
  RouteLimits,
  UpstreamLimits,
} from './config/limits.ts';
export type { ListenerTimeouts, Timeouts, UpstreamTimeoutsConfig } from './config/timeouts.ts';
