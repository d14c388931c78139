// The schema: which keys there are and what reads each. Unknown keys are errors everywhere. It
// checks the shape of one value at a time; what needs two values (references, duplicates) is in
// check_references.ts.

import * as z from 'zod';
import type { ForwardedMode } from '../proxy/options.ts';
import { parseAddressRange } from './address_range.ts';
import { parseEndpointUrl } from './endpoint_url.ts';
import { parseHostHeader } from './host_header.ts';
import { LIMIT_RULES, type LimitKey } from './limits.ts';
import { parseListenAddress } from './listen_address.ts';
import type {
  ParsedConfig,
  ParsedEndpoint,
  ParsedLimits,
  ParsedListener,
  ParsedTimeouts,
} from './parsed_config.ts';
import { Refusal } from './refusal.ts';
import { parseRouteHost, parseRoutePath, parseUpgradeToken } from './route_pattern.ts';
import {
  durationWithin,
  limitWithin,
  parseAccessLogFormat,
  parseAccessLogTarget,
  parsed,
  parseFilePath,
  parseSwitch,
  parseUserName,
  parseVia,
  parseWeight,
  parseWorkers,
} from './schema_values.ts';
import type { Scope } from './scope.ts';
import type { TransportChoice } from './snapshot.ts';
import { TIMEOUT_RULES, type TimeoutKey } from './timeouts.ts';

const TRANSPORTS = ['auto', 'uring', 'node'] as const satisfies readonly TransportChoice[];
const FORWARDED = ['x', 'rfc7239', 'both', 'off'] as const satisfies readonly ForwardedMode[];

// It checks one file in its life: code that is generated for speed would only delay the start.
z.config({ jitless: true });

const toggle = parsed(parseSwitch).optional();

const listener = z.strictObject({
  address: parsed(parseAddressText),
  timeouts: timeoutsOf('listener'),
  limits: limitsOf('listener'),
  allowUnderscores: toggle,
  halfClose: toggle,
});

/** A text alone is an endpoint of weight 1. */
const endpoint = z.preprocess(
  (value) => (value !== null && typeof value === 'object' ? value : { url: value }),
  z.strictObject({
    url: parsed(parseEndpointText),
    weight: parsed(parseWeight).optional(),
  }),
);

const upstream = z.strictObject({
  endpoints: z.array(endpoint).min(1, 'at least one endpoint'),
  hostHeader: parsed(parseHostHeader).optional(),
  timeouts: timeoutsOf('upstream'),
  limits: limitsOf('upstream'),
});

const route = z.strictObject({
  host: parsed(parseRouteHost).optional(),
  path: parsed(parseRoutePath).optional(),
  upstream: parsed(parseUpstreamName),
  upgrades: z.array(parsed(parseUpgradeToken)).optional(),
  limits: limitsOf('route'),
});

const accessLog = z.union(
  [
    z.literal(false),
    z.strictObject({
      format: parsed(parseAccessLogFormat).optional(),
      to: parsed(parseAccessLogTarget).optional(),
    }),
  ],
  'false or an object with "format" and "to"',
);

const upstreamName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'a name of letters, digits, "_", "-" and "."');

/** The whole configuration. */
export const CONFIG_SCHEMA: z.ZodType<ParsedConfig> = z.strictObject({
  listeners: z.array(listener).min(1, 'at least one listener'),
  upstreams: z
    .record(upstreamName, upstream)
    .refine((upstreams) => Object.keys(upstreams).length > 0, 'at least one upstream'),
  routes: z.array(route).min(1, 'at least one route'),
  workers: parsed(parseWorkers).optional(),
  transport: z.enum(TRANSPORTS).optional(),
  accessLog: accessLog.optional(),
  timeouts: timeoutsOf('global'),
  limits: limitsOf('global'),
  trustedProxies: z.array(parsed(parseAddressRange)).optional(),
  hostHeader: parsed(parseHostHeader).optional(),
  forwarded: z.enum(FORWARDED).optional(),
  via: parsed(parseVia).optional(),
  requestId: toggle,
  allowUnderscores: toggle,
  halfClose: toggle,
  user: parsed(parseUserName).optional(),
  group: parsed(parseUserName).optional(),
  control: parsed(parseFilePath).optional(),
});

function timeoutsOf(scope: Scope): z.ZodOptional<z.ZodType<ParsedTimeouts>> {
  const shape: Record<string, z.ZodType<number | undefined>> = {};
  for (const key of Object.keys(TIMEOUT_RULES) as TimeoutKey[]) {
    const rule = TIMEOUT_RULES[key];
    if (rule.scopes.includes(scope)) shape[key] = durationWithin(rule).optional();
  }
  return (z.strictObject(shape) as z.ZodType<ParsedTimeouts>).optional();
}

function limitsOf(scope: Scope): z.ZodOptional<z.ZodType<ParsedLimits>> {
  const shape: Record<string, z.ZodType<number | undefined>> = {};
  for (const key of Object.keys(LIMIT_RULES) as LimitKey[]) {
    const rule = LIMIT_RULES[key];
    if (rule.scopes.includes(scope)) shape[key] = limitWithin(rule).optional();
  }
  return (z.strictObject(shape) as z.ZodType<ParsedLimits>).optional();
}

function parseAddressText(value: unknown): ParsedListener['address'] | Refusal {
  const listen = parseListenAddress(value);
  return listen instanceof Refusal ? listen : { text: String(value), listen };
}

function parseEndpointText(value: unknown): ParsedEndpoint['url'] | Refusal {
  const target = parseEndpointUrl(value);
  return target instanceof Refusal ? target : { text: String(value), target };
}

function parseUpstreamName(value: unknown): string | Refusal {
  return typeof value === 'string' ? value : new Refusal('a name under "upstreams"');
}
