// The JSON Schema by which editors complete and check `zproxy.yaml` and `zproxy.json`: made from
// the schema that ZProxy itself checks with, described by the doc comments of the types. It knows
// less than `zproxy check`, which also judges pairs of values and what most texts look like.
//
//   node tools/json_schema.ts            fails where the file is out of date (so does its test)
//   node tools/json_schema.ts --write    writes it

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { CONFIG_SCHEMA } from '../src/config/schema.ts';
import { SHORT_FORMS } from '../src/config/schema_shapes.ts';
import { type MemberDoc, readInterfaces } from './interface_docs.ts';
import { CONFIG_FILES } from './reference.ts';
import { ROOT } from './steps.ts';
import { reportViolations, type Violation } from './violation.ts';

/** Where it lies, in the project and in the package. */
export const JSON_SCHEMA_PATH = 'schema/zproxy.schema.json';

/** A schema, or a part of one. */
export interface JsonSchema {
  description?: string;
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  propertyNames?: JsonSchema;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  required?: string[];
  [keyword: string]: unknown;
}

type Path = readonly string[];

/** What stands for any name, and for any index. */
const ANY = '*';

/** Interface to the place whose keys it documents. */
const PLACES: readonly (readonly [string, Path])[] = [
  ['Config', []],
  ['AccessLogConfig', ['accessLog']],
  ['MetricsConfig', ['metrics']],
  ['ListenerConfig', ['listeners', ANY]],
  ['UpstreamConfig', ['upstreams', ANY]],
  ['EndpointConfig', ['upstreams', ANY, 'endpoints', ANY]],
  ['RouteConfig', ['routes', ANY]],
  ['ValueTestConfig', ['routes', ANY, 'headers', ANY]],
  ['ValueTestConfig', ['routes', ANY, 'query', ANY]],
  ['ValueTestConfig', ['routes', ANY, 'cookies', ANY]],
  ['ClientIpConfig', ['routes', ANY, 'clientIp']],
  ['SplitByConfig', ['routes', ANY, 'splitBy']],
  ['RedirectConfig', ['routes', ANY, 'redirect']],
  ['RespondConfig', ['routes', ANY, 'respond']],
  ['RewriteConfig', ['routes', ANY, 'rewrite']],
  ['MirrorConfig', ['routes', ANY, 'mirror']],
  ['MirrorConfig', ['routes', ANY, 'mirror', ANY]],
  ['ErrorPageConfig', ['errorPages', ANY]],
  ['ErrorPageConfig', ['routes', ANY, 'errorPages', ANY]],
  ...sections('timeouts', ['ListenerTimeouts', 'UpstreamTimeoutsConfig', 'Timeouts']),
  ...sections('limits', ['ListenerLimits', 'UpstreamLimits', 'RouteLimits', 'Limits']),
];

const REFERENCE = { $ref: '#/definitions/reference' };
const TEXT: JsonSchema = { type: 'string' };
const TEXT_OR_TEXTS: JsonSchema = { anyOf: [TEXT, { type: 'array', items: TEXT, minItems: 1 }] };

/** The whole schema. */
export function configJsonSchema(): JsonSchema {
  const docs = readInterfaces([...CONFIG_FILES, 'src/middleware/headers/headers_options.ts']);
  const schema = z.toJSONSchema(CONFIG_SCHEMA, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => addShortForm(zodSchema, jsonSchema as JsonSchema),
  }) as JsonSchema;
  for (const place of [schema, at(schema, ['routes', ANY])!]) {
    place.properties!['middleware']!.items = middlewareSchema(docs);
  }
  for (const [name, path] of PLACES) describe(at(schema, path), docs.get(name) ?? []);
  allowReferences(schema);
  // A file that is included is a part of a configuration, and its editor cannot know that.
  delete schema.required;
  schema.properties!['$schema'] = { type: 'string', description: 'This schema, for editors.' };
  schema['title'] = 'ZProxy configuration';
  schema['definitions'] = {
    reference: {
      description:
        // biome-ignore-start lint/suspicious/noTemplateCurlyInString: the syntax of configurations
        'An environment variable, ${NAME} or ${NAME:-default}, or the content of a secret file, ' +
        '${file:PATH}. Not quoted in YAML, a variable may be a number.',
      // biome-ignore-end lint/suspicious/noTemplateCurlyInString: the syntax of configurations
      type: 'string',
      pattern: '\\$\\{',
    },
  };
  return schema;
}

function sections(key: string, names: readonly string[]): (readonly [string, Path])[] {
  const places: Path[] = [[key], ['listeners', ANY, key], ['upstreams', ANY, key]];
  if (key === 'limits') places.push(['routes', ANY, key]);
  return places.flatMap((path) => names.map((name) => [name, path] as const));
}

/** A text in place of an object, one item in place of a list. */
function addShortForm(zodSchema: z.core.$ZodTypes, schema: JsonSchema): void {
  const short = SHORT_FORMS.get(zodSchema as unknown as z.ZodType);
  if (short === undefined) return;
  const full = { ...schema };
  for (const key of Object.keys(schema)) delete schema[key];
  const also = short.also === 'item' ? [full.items ?? {}] : (short.also as readonly JsonSchema[]);
  schema.anyOf = [...also, full];
}

/** The part at `path`; of several forms the one that has something there. */
function at(schema: JsonSchema, path: Path): JsonSchema | undefined {
  const [key, ...rest] = path;
  const forms = schema.anyOf ?? [schema];
  if (key === undefined) return forms.map(unwrapped).find(({ properties }) => properties);
  for (const form of forms) {
    const { additionalProperties: any, items, properties } = form;
    const named = typeof any === 'object' ? any : undefined;
    const inner = key === ANY ? (items ?? named) : properties?.[key];
    const found = inner === undefined ? undefined : at(inner, rest);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A list with a short form inside another short form is two levels of `anyOf`. */
function unwrapped(schema: JsonSchema): JsonSchema {
  return schema.anyOf?.find(({ properties }) => properties) ?? schema;
}

function describe(schema: JsonSchema | undefined, members: readonly MemberDoc[]): void {
  for (const { key, text } of members) {
    const property = schema?.properties?.[key];
    if (property !== undefined) property.description = text;
  }
}

/** Texts may have references anyway; everything else may be one. */
function allowReferences(schema: JsonSchema): void {
  for (const inner of partsOf(schema)) allowReferences(inner);
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    schema.properties![key] = orReference(property);
  }
  if (schema.items !== undefined) schema.items = orReference(schema.items);
  if (typeof schema.additionalProperties === 'object') {
    schema.additionalProperties = orReference(schema.additionalProperties);
  }
}

function orReference(schema: JsonSchema): JsonSchema {
  if (!isStrictLeaf(schema)) return schema;
  const { description, ...form } = schema;
  const forms = form.anyOf ?? [form as JsonSchema];
  const described = description === undefined ? {} : { description };
  return { ...described, anyOf: [...forms, REFERENCE] };
}

/** It may be a single value, and not any text: one with a reference would not pass for it. */
function isStrictLeaf(schema: JsonSchema): boolean {
  const forms = schema.anyOf ?? [schema];
  return forms.some(isSingleValue) && !forms.some(isText);
}

function isSingleValue(form: JsonSchema): boolean {
  const isKnown = form.type !== undefined || isNarrow(form);
  return isKnown && form.type !== 'array' && form.type !== 'object';
}

function isText(form: JsonSchema): boolean {
  return [form.type].flat().includes('string') && !isNarrow(form);
}

function isNarrow(form: JsonSchema): boolean {
  return 'pattern' in form || 'enum' in form || 'const' in form;
}

function partsOf(schema: JsonSchema): JsonSchema[] {
  const { additionalProperties: any, anyOf = [], items, properties = {} } = schema;
  const others = [items, typeof any === 'object' ? any : undefined];
  return [...anyOf, ...Object.values(properties), ...others.filter((part) => part !== undefined)];
}

/** What a use of a middleware looks like; options of the user's are whatever they are. */
function middlewareSchema(docs: ReturnType<typeof readInterfaces>): JsonSchema {
  const object = (properties: Record<string, JsonSchema>): JsonSchema => ({
    type: 'object',
    properties,
    additionalProperties: false,
  });
  const changes = (): JsonSchema => {
    const schema = object({
      remove: { ...TEXT_OR_TEXTS },
      set: { type: 'object', additionalProperties: TEXT },
      add: { type: 'object', additionalProperties: TEXT_OR_TEXTS },
    });
    describe(schema, docs.get('HeaderChanges') ?? []);
    return schema;
  };
  const headers = object({ request: changes(), response: changes() });
  describe(headers, docs.get('HeadersOptions') ?? []);
  const builtIn = { ...object({ headers }), minProperties: 1 };
  describe(builtIn, docs.get('BuiltInMiddlewareConfig') ?? []);
  const ofModule = object({ module: { ...TEXT }, name: { ...TEXT }, options: {} });
  describe(ofModule, docs.get('ModuleMiddlewareConfig') ?? []);
  return { anyOf: [builtIn, { ...ofModule, required: ['module'] }] };
}

/** The file differs from the code; with `write` it is written instead. */
export function checkJsonSchema(write: boolean): Violation[] {
  const path = join(ROOT, JSON_SCHEMA_PATH);
  const text = `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return [];
  if (!write) {
    const violation = { path: JSON_SCHEMA_PATH, line: 0, text: 'run `npm run reference`' };
    return [{ ...violation, rule: 'json-schema-out-of-date' }];
  }
  writeFileSync(path, text);
  return [];
}

if (import.meta.main) reportViolations(checkJsonSchema(process.argv.includes('--write')));
