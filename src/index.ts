// The public API of the package and its only barrel: what `import ... from 'zproxy'` gives.

export {
  type CloseOptions,
  createProxy,
  type ProxyHandle,
  type ProxyOptions,
} from './api/create_proxy.ts';
export { ZProxyError } from './base/errors.ts';
export { LogLevel } from './base/log_sink.ts';
export type {
  AccessLogConfig,
  Config,
  EndpointConfig,
  ListenerConfig,
  MetricsConfig,
  UpstreamConfig,
} from './config/config.ts';
export type { ConfigIssue, ConfigIssueCode } from './config/config_issue.ts';
export { type ConfigSource, defineConfig } from './config/define_config.ts';
export { env } from './config/environment.ts';
export type {
  ByteSize,
  Limits,
  ListenerLimits,
  RouteLimits,
  UpstreamLimits,
} from './config/limits.ts';
export type {
  BuiltInMiddlewareConfig,
  MiddlewareConfig,
  ModuleMiddlewareConfig,
} from './config/middleware_config.ts';
export type {
  ClientIpConfig,
  ErrorPageConfig,
  ErrorPagesConfig,
  MirrorConfig,
  RedirectConfig,
  RespondConfig,
  RewriteConfig,
  RouteConfig,
  SplitByConfig,
  UnsafePath,
  ValueTest,
  ValueTestConfig,
} from './config/route_config.ts';
export { secretFile } from './config/secret_file.ts';
export type { ListenerTimeouts, Timeouts, UpstreamTimeoutsConfig } from './config/timeouts.ts';
export {
  defineMiddleware,
  type HooksDefinition,
  type MiddlewareFactory,
  type MiddlewareUseData,
} from './middleware/define_middleware.ts';
export { type HeadersUse, headers } from './middleware/headers/headers.ts';
export type { HeaderChanges, HeadersOptions } from './middleware/headers/headers_options.ts';
export type {
  HookResult,
  MiddlewareAnswer,
  MiddlewareDefinition,
  MiddlewareEnvironment,
  MiddlewareFields,
  MiddlewareHooks,
  MiddlewareRequest,
  MiddlewareResponse,
  MiddlewareSummary,
} from './middleware/middleware.ts';
export type { ConfigRefusedError } from './server/config_refused_error.ts';
export type { InjectHeaders } from './server/inject/inject_headers.ts';
export type {
  FakeAnswer,
  FakeFailure,
  FakeRequest,
  FakeUpstream,
  FakeUpstreams,
  InjectBody,
  InjectFields,
  InjectRequest,
  InjectResult,
} from './server/inject/inject_types.ts';
export type { StatusReport } from './server/status_report.ts';
