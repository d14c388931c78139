// The part of the schema that routes have: shapes and the parser of each leaf. What takes two
// values to check (one action, templates and their parameters) is in check_routes.ts.

import * as z from 'zod';
import { parseAddressRange } from './address_range.ts';
import { parseMiddlewareUse } from './middleware_uses.ts';
import type {
  ParsedErrorPages,
  ParsedMiddleware,
  ParsedRoute,
  ParsedValueTests,
} from './parsed_config.ts';
import { parseRedirectTarget, parseRewriteTemplate } from './path_templates.ts';
import { Refusal } from './refusal.ts';
import { parsePathPrefix, parseRouteHost, parseRoutePath } from './route_pattern.ts';
import {
  parseAnswerStatus,
  parseBodyText,
  parseComparedText,
  parseContentType,
  parseFieldValue,
  parseLinearPattern,
  parseMethod,
  parsePercent,
  parseRedirectStatus,
  parseRouteName,
  parseToken,
  parseTrue,
  parseUnsafePath,
} from './route_values.ts';
import { limitsOf, toggle } from './schema_sections.ts';
import { oneOrMany, SWITCH_FORM, shorthand, TEXT_FORM } from './schema_shapes.ts';
import { parsed, parseFilePath, parseWeight } from './schema_values.ts';
import { UNSAFE_PATHS } from './unsafe_paths.ts';
import { parseUpgradeToken } from './upgrade_token.ts';

/** A schema per key of a route. */
type RouteShape = {
  [Key in keyof Required<ParsedRoute>]: z.ZodOptional<z.ZodType<ParsedRoute[Key]>>;
};

const WEIGHT_FORM = { type: 'integer', minimum: 0, maximum: 1_000 };
const PERCENT_FORM = { type: 'number', exclusiveMinimum: 0, maximum: 100 };

/** A name under `upstreams`; whether it exists is for check_references.ts. */
const upstreamReference = parsed(
  (value) => (typeof value === 'string' ? value : new Refusal('a name under "upstreams"')),
  TEXT_FORM,
);
const text = parsed(parseComparedText, TEXT_FORM).optional();
const file = parsed(parseFilePath, TEXT_FORM).optional();
const body = parsed(parseBodyText, TEXT_FORM).optional();
const contentType = parsed(parseContentType, TEXT_FORM).optional();
const tokenName = z
  .string()
  .refine((name) => !(parseToken(name) instanceof Refusal), 'a name of letters, digits and "-"');

const valueTest = shorthand(
  (value) => {
    if (typeof value !== 'boolean') return { exact: value };
    return value ? { present: true } : { present: true, not: true };
  },
  [TEXT_FORM, SWITCH_FORM],
  z.strictObject({
    present: parsed(parseTrue, { const: true }).optional(),
    exact: text,
    prefix: text,
    pattern: parsed(parseLinearPattern, TEXT_FORM).optional(),
    not: toggle,
  }),
);

/** Names of fields and cookies are tokens; those of query parameters may be anything. */
function valueTests(name: z.ZodString): z.ZodOptional<z.ZodType<ParsedValueTests>> {
  return (z.record(name, valueTest) as unknown as z.ZodType<ParsedValueTests>).optional();
}

const addresses = oneOrMany(parsed(parseAddressRange, TEXT_FORM), 'at least one address');
const clientIp = z.union([
  addresses.transform((ranges) => ({ ranges, isNegated: false })),
  z.strictObject({ not: addresses }).transform(({ not }) => ({ ranges: not, isNegated: true })),
]);

const redirect = shorthand(
  (value) => ({ to: value }),
  [TEXT_FORM],
  z.strictObject({
    to: parsed(parseRedirectTarget, TEXT_FORM),
    status: parsed(parseRedirectStatus, { enum: [301, 302, 303, 307, 308] }).optional(),
  }),
);

const respond = z.strictObject({
  status: parsed(parseAnswerStatus, { type: 'integer', minimum: 200, maximum: 599 }).optional(),
  body,
  file,
  contentType,
  headers: z
    .record(tokenName, oneOrMany(parsed(parseFieldValue, TEXT_FORM), 'at least one value'))
    .optional(),
});

const mirror = shorthand(
  (value) => ({ upstream: value }),
  [TEXT_FORM],
  z.strictObject({
    upstream: upstreamReference,
    percent: parsed(parsePercent, PERCENT_FORM).optional(),
  }),
);

const errorPage = shorthand(
  (value) => ({ file: value }),
  [TEXT_FORM],
  z.strictObject({ file, body, contentType, upstream: toggle }),
);

/** By status, class or range; that a range is not the wrong way round is for check_routes.ts. */
export const errorPages: z.ZodType<ParsedErrorPages> = z.record(
  z
    .string()
    .regex(
      /^([45]\d\d|[45]xx|[45]\d\d-[45]\d\d)$/,
      'a status such as 404, a class such as "5xx" or a range such as "502-504", out of 400 to 599',
    ),
  errorPage,
);

/** Uses of middleware in order. */
export const middleware: z.ZodType<readonly ParsedMiddleware[]> = z.array(
  parsed(parseMiddlewareUse, { type: 'object' }),
);

/** One route. */
export const ROUTE_SCHEMA: z.ZodObject<RouteShape, z.core.$strict> = z.strictObject({
  name: parsed(parseRouteName, TEXT_FORM).optional(),
  host: oneOrMany(parsed(parseRouteHost, TEXT_FORM), 'at least one host').optional(),
  path: oneOrMany(parsed(parseRoutePath, TEXT_FORM), 'at least one path').optional(),
  method: oneOrMany(parsed(parseMethod, TEXT_FORM), 'at least one method').optional(),
  scheme: z.enum(['http', 'https']).optional(),
  headers: valueTests(tokenName),
  query: valueTests(z.string()),
  cookies: valueTests(tokenName),
  clientIp: clientIp.optional(),
  upstream: upstreamReference.optional(),
  upstreams: z
    .record(z.string(), parsed(parseWeight, WEIGHT_FORM))
    .refine(
      (weights) => Object.values(weights).some((weight) => weight > 0),
      'at least one weight above 0',
    )
    .optional(),
  redirect: redirect.optional(),
  respond: respond.optional(),
  splitBy: z
    .strictObject({
      cookie: parsed(parseToken, TEXT_FORM).optional(),
      header: parsed(parseToken, TEXT_FORM).optional(),
    })
    .optional(),
  rewrite: z
    .strictObject({
      stripPrefix: parsed(parsePathPrefix, TEXT_FORM).optional(),
      addPrefix: parsed(parsePathPrefix, TEXT_FORM).optional(),
      path: parsed(parseRewriteTemplate, TEXT_FORM).optional(),
    })
    .optional(),
  mirror: oneOrMany(mirror, 'at least one upstream').optional(),
  middleware: middleware.optional(),
  upgrades: z.array(parsed(parseUpgradeToken, TEXT_FORM)).optional(),
  limits: limitsOf('route'),
  unsafePaths: z.array(parsed(parseUnsafePath, { enum: UNSAFE_PATHS })).optional(),
  errorPages: errorPages.optional(),
});
