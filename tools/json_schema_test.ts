// The JSON Schema is that of the code, takes what ZProxy takes, and shows where something is wrong.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of configurations

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Ajv, type ValidateFunction } from 'ajv';
import { loadAll } from 'js-yaml';
import { followImports } from '../src/config/module_graph.ts';
import {
  checkJsonSchema,
  configJsonSchema,
  JSON_SCHEMA_PATH,
  type JsonSchema,
} from './json_schema.ts';
import { ROOT } from './steps.ts';

const EXAMPLES = join(ROOT, 'examples');
const CASES = join(ROOT, 'tests', 'conformance', 'config');

const schema = JSON.parse(readFileSync(join(ROOT, JSON_SCHEMA_PATH), 'utf8')) as JsonSchema;
const validate: ValidateFunction = new Ajv({
  strict: true,
  allowUnionTypes: true,
  allErrors: true,
}).compile(schema);

/** A configuration with one thing changed. */
function changed(route: object, top: object = {}): object {
  return {
    listeners: [{ address: ':80' }],
    upstreams: { a: { endpoints: ['http://a'] } },
    routes: [{ path: '/', ...route }],
    ...top,
  };
}

/** Where in `config` an editor would show something. */
function refusals(config: unknown): string[] {
  if (validate(config)) return [];
  return validate.errors!.map(({ instancePath, params }) => {
    const key = (params as { readonly additionalProperty?: string }).additionalProperty;
    return key === undefined ? instancePath : `${instancePath}/${key}`;
  });
}

test('the JSON Schema is up to date', () => {
  assert.deepEqual(checkJsonSchema(false), []);
});

test('the JSON Schema takes every example', async () => {
  followImports(); // what 'zproxy' means in them
  for (const name of readdirSync(EXAMPLES).filter((file) => file !== 'tsconfig.json')) {
    if (!/\.(ts|ya?ml|json)$/.test(name)) continue;
    const path = join(EXAMPLES, name);
    const text = readFileSync(path, 'utf8');
    const config = name.endsWith('.ts')
      ? ((await import(pathToFileURL(path).href)) as { default: unknown }).default
      : loadAll(text)[0];
    assert.deepEqual(refusals(config), [], name);
  }
});

test('the JSON Schema takes every YAML and JSON file of the cases that are valid', () => {
  let count = 0;
  for (const name of readdirSync(CASES).filter((file) => file.endsWith('.md'))) {
    for (const section of readFileSync(join(CASES, name), 'utf8').split(/^## /m).slice(1)) {
      if (!section.includes('```snapshot')) continue;
      const blocks = section.matchAll(/^```(?:config|file) \S+\.(?:yaml|json)\n([\s\S]*?)^```$/gm);
      for (const [, text] of blocks) {
        const config = loadAll(text!)[0] ?? {};
        const title = section.split('\n', 1)[0]!;
        if (typeof config === 'object') assert.deepEqual(refusals(config), [], `${name}: ${title}`);
        count++;
      }
    }
  }
  assert.ok(count > 10, `only ${count} files`);
});

test('an unknown key is shown at its place', () => {
  assert.deepEqual(refusals(changed({ upsteam: 'a' })), ['/routes/0/upsteam']);
  assert.deepEqual(refusals(changed({}, { wokers: 1 })), ['/wokers']);
  assert.ok(refusals(changed({ respond: { boddy: 'x' } })).includes('/routes/0/respond/boddy'));
});

test('a value of the wrong kind is shown at its place', () => {
  const cases: readonly (readonly [object, string])[] = [
    [changed({ upstream: 3 }), '/routes/0/upstream'],
    [changed({ respond: { status: 1_000 } }), '/routes/0/respond/status'],
    [changed({ scheme: 'ftp' }), '/routes/0/scheme'],
    [changed({}, { workers: 'many' }), '/workers'],
    [changed({}, { watch: 'yes' }), '/watch'],
    [changed({}, { timeouts: { connect: 5 } }), '/timeouts/connect'],
    [changed({}, { limits: { requestBody: 'ten' } }), '/limits/requestBody'],
    [changed({}, { listeners: [] }), '/listeners'],
    [changed({}, { upstreams: { a: { endpoints: 'http://a' } } }), '/upstreams/a/endpoints'],
    [changed({ middleware: [{ module: 3 }] }), '/routes/0/middleware/0/module'],
  ];
  for (const [config, place] of cases) assert.ok(refusals(config).includes(place), place);
});

test('a reference may stand for what is no text, and `$schema` names the schema', () => {
  const top = { workers: '${WORKERS}', watch: '${WATCH:-true}', $schema: './zproxy.schema.json' };
  assert.deepEqual(refusals(changed({ respond: {} }, top)), []);
  assert.deepEqual(refusals(changed({ respond: { status: '${STATUS}' } })), []);
});

test('every key has a description', () => {
  const missing: string[] = [];
  const visit = (part: JsonSchema, path: string): void => {
    for (const [key, property] of Object.entries(part.properties ?? {})) {
      if (!property.description) missing.push(`${path}/${key}`);
      visit(property, `${path}/${key}`);
    }
    for (const form of part.anyOf ?? []) visit(form, path);
    if (part.items !== undefined) visit(part.items, `${path}[]`);
    if (typeof part.additionalProperties === 'object')
      visit(part.additionalProperties, `${path}/*`);
  };
  visit(configJsonSchema(), '');
  assert.deepEqual(missing, []);
});
