// The schema: which keys there are and what reads each. Unknown keys are errors everywhere. It
// checks the shape of one value at a time; what needs two values (references, duplicates) is in
// check_references.ts.

import * as z from 'zod';
import { WORKERS_MAX } from '../base/limits.ts';
import type { ForwardedMode } from '../proxy/options.ts';
import { parseAddressRange } from './address_range.ts';
import { parseEndpointUrl } from './endpoint_url.ts';
import { parseHostHeader } from './host_header.ts';
import { parseListenAddress } from './listen_address.ts';
import type { ParsedConfig, ParsedEndpoint, ParsedListener } from './parsed_config.ts';
import { Refusal } from './refusal.ts';
import { errorPages, middleware, ROUTE_SCHEMA } from './route_schema.ts';
import { limitsOf, timeoutsOf, toggle } from './schema_sections.ts';
import { oneOrMany, SWITCH_FORM, shorthand, TEXT_FORM } from './schema_shapes.ts';
import {
  parseAccessLogFormat,
  parseAccessLogTarget,
  parsed,
  parseFilePath,
  parseUserName,
  parseVia,
  parseWeight,
  parseWorkers,
} from './schema_values.ts';
import type { TransportChoice } from './snapshot.ts';

const TRANSPORTS = ['auto', 'uring', 'node'] as const satisfies readonly TransportChoice[];
const FORWARDED = ['x', 'rfc7239', 'both', 'off'] as const satisfies readonly ForwardedMode[];

// It checks one file in its life: code that is generated for speed would only delay the start.
z.config({ jitless: true });

const address = parsed(parseAddressText, TEXT_FORM);
const hostHeader = parsed(parseHostHeader, TEXT_FORM).optional();
const filePath = parsed(parseFilePath, TEXT_FORM);
const userName = parsed(parseUserName, TEXT_FORM).optional();

const listener = z.strictObject({
  address,
  timeouts: timeoutsOf('listener'),
  limits: limitsOf('listener'),
  allowUnderscores: toggle,
  halfClose: toggle,
});

/** A text alone is an endpoint of weight 1. */
const endpoint = shorthand(
  (value) => ({ url: value }),
  [TEXT_FORM],
  z.strictObject({
    url: parsed(parseEndpointText, TEXT_FORM),
    weight: parsed(parseWeight, { type: 'integer', minimum: 0, maximum: 1_000 }).optional(),
  }),
);

const upstream = z.strictObject({
  endpoints: z.array(endpoint).min(1, 'at least one endpoint'),
  hostHeader,
  timeouts: timeoutsOf('upstream'),
  limits: limitsOf('upstream'),
});

const accessLog = z.union(
  [
    z.literal(false),
    z.strictObject({
      format: parsed(parseAccessLogFormat, TEXT_FORM).optional(),
      to: parsed(parseAccessLogTarget, TEXT_FORM).optional(),
    }),
  ],
  'false or an object with "format" and "to"',
);

const upstreamName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'a name of letters, digits, "_", "-" and "."');

/** A schema per key. */
type ConfigShape = {
  [Key in keyof Required<ParsedConfig>]: z.ZodType<ParsedConfig[Key]>;
};

/** The whole configuration; parse_config.ts asks it. */
export const CONFIG_SCHEMA: z.ZodObject<ConfigShape, z.core.$strict> = z.strictObject({
  listeners: z.array(listener).min(1, 'at least one listener'),
  upstreams: z.record(upstreamName, upstream).optional(),
  routes: z.array(ROUTE_SCHEMA).min(1, 'at least one route'),
  middleware: middleware.optional(),
  errorPages: errorPages.optional(),
  mergeSlashes: toggle,
  workers: parsed(parseWorkers, {
    anyOf: [{ const: 'auto' }, { type: 'integer', minimum: 1, maximum: WORKERS_MAX }],
  }).optional(),
  transport: z.enum(TRANSPORTS).optional(),
  accessLog: accessLog.optional(),
  timeouts: timeoutsOf('global'),
  limits: limitsOf('global'),
  trustedProxies: z.array(parsed(parseAddressRange, TEXT_FORM)).optional(),
  hostHeader,
  forwarded: z.enum(FORWARDED).optional(),
  via: parsed(parseVia, { anyOf: [SWITCH_FORM, TEXT_FORM] }).optional(),
  requestId: toggle,
  allowUnderscores: toggle,
  halfClose: toggle,
  user: userName,
  group: userName,
  include: oneOrMany(filePath, 'at least one file').optional(),
  watch: toggle,
  metrics: z.strictObject({ address }).optional(),
  control: filePath.optional(),
});

function parseAddressText(value: unknown): ParsedListener['address'] | Refusal {
  const listen = parseListenAddress(value);
  return listen instanceof Refusal ? listen : { text: String(value), listen };
}

function parseEndpointText(value: unknown): ParsedEndpoint['url'] | Refusal {
  const target = parseEndpointUrl(value);
  return target instanceof Refusal ? target : { text: String(value), target };
}
