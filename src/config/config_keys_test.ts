// The reference is the types: every key of the schema has its doc comment there and the reverse,
// and what the comments of `timeouts` and `limits` call the default is the default.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BUILT_IN_NAMES } from '../middleware/registry.ts';
import { formatByteSize } from './byte_size.ts';
import { parseDuration } from './duration.ts';
import type { KeyPath } from './key_path.ts';
import { LIMIT_RULES, type LimitKey } from './limits.ts';
import { CONFIG_SCHEMA } from './schema.ts';
import { knownKeys } from './schema_issues.ts';
import { TIMEOUT_RULES, type TimeoutKey } from './timeouts.ts';

/** Interface, the interfaces that it extends, and where the schema has it. */
const PLACES: readonly (readonly [string, KeyPath])[] = [
  ['Config', []],
  ['ListenerConfig', ['listeners', 0]],
  ['UpstreamConfig', ['upstreams', 'a']],
  ['EndpointConfig', ['upstreams', 'a', 'endpoints', 0]],
  ['MetricsConfig', ['metrics']],
  ['RouteConfig', ['routes', 0]],
  ['ValueTestConfig', ['routes', 0, 'headers', 'a']],
  ['ValueTestConfig', ['routes', 0, 'query', 'a']],
  ['ValueTestConfig', ['routes', 0, 'cookies', 'a']],
  ['ClientIpConfig', ['routes', 0, 'clientIp']],
  ['SplitByConfig', ['routes', 0, 'splitBy']],
  ['RedirectConfig', ['routes', 0, 'redirect']],
  ['RespondConfig', ['routes', 0, 'respond']],
  ['RewriteConfig', ['routes', 0, 'rewrite']],
  ['MirrorConfig', ['routes', 0, 'mirror', 0]],
  ['ErrorPageConfig', ['routes', 0, 'errorPages', '404']],
  ['ErrorPageConfig', ['errorPages', '404']],
  ['AccessLogConfig', ['accessLog']],
  ['Timeouts', ['timeouts']],
  ['ListenerTimeouts', ['listeners', 0, 'timeouts']],
  ['UpstreamTimeoutsConfig', ['upstreams', 'a', 'timeouts']],
  ['Limits', ['limits']],
  ['ListenerLimits', ['listeners', 0, 'limits']],
  ['UpstreamLimits', ['upstreams', 'a', 'limits']],
  ['RouteLimits', ['routes', 0, 'limits']],
];

/** Rows of our tables, and middleware, whose keys are checked by the definitions. */
const OTHER_INTERFACES = [
  'TimeoutRule',
  'LimitRule',
  'BuiltInMiddlewareConfig',
  'ModuleMiddlewareConfig',
];

const INTERFACES = readInterfaces([
  'config.ts',
  'route_config.ts',
  'middleware_config.ts',
  'timeouts.ts',
  'limits.ts',
]);

for (const [name, path] of PLACES) {
  test(`${name} documents exactly the keys of the schema at ${path.join('.')}`, () => {
    const documented = membersOf(name);
    assert.deepEqual([...documented.keys()].sort(), knownKeys(CONFIG_SCHEMA, path).sort());
    for (const [key, comment] of documented) {
      assert.match(comment, /\S{3}.*\.$/, `${name}.${key} has a comment that ends a sentence`);
    }
  });
}

test('every interface of the reference is compared with the schema', () => {
  const compared = new Set([...PLACES.map(([name]) => name), ...OTHER_INTERFACES]);
  assert.deepEqual(
    [...INTERFACES.keys()].filter((name) => !compared.has(name)),
    [],
  );
});

test('BuiltInMiddlewareConfig documents exactly the middleware that there is', () => {
  assert.deepEqual([...membersOf('BuiltInMiddlewareConfig').keys()], BUILT_IN_NAMES);
});

test('every optional key names its default', () => {
  for (const [name, { members }] of INTERFACES) {
    for (const [key, { comment, isOptional }] of members) {
      if (isOptional) assert.match(comment, /Default/, `${name}.${key}`);
    }
  }
});

test('the defaults in the comments of timeouts are those of the table', () => {
  for (const [key, comment] of membersOf('Timeouts')) {
    const text = /Default `'(\w+)'`\.$/.exec(comment)?.[1];
    assert.equal(parseDuration(text), TIMEOUT_RULES[key as TimeoutKey].defaultMs, key);
  }
});

test('the defaults in the comments of limits are those of the table', () => {
  for (const [key, comment] of membersOf('Limits')) {
    const text = /Default `'?(\w+)'?`\.$/.exec(comment)?.[1];
    const rule = LIMIT_RULES[key as LimitKey];
    const isSize = rule.kind === 'size' && Number.isFinite(rule.default);
    const expected = isSize ? formatByteSize(rule.default) : String(rule.default);
    assert.equal(text, expected.replace('Infinity', 'none'), key);
  }
});

interface Member {
  readonly comment: string;
  readonly isOptional: boolean;
}

interface InterfaceText {
  readonly bases: readonly string[];
  readonly members: ReadonlyMap<string, Member>;
}

function membersOf(name: string): Map<string, string> {
  const { bases, members } = INTERFACES.get(name)!;
  const own = [...members].map(([key, { comment }]): [string, string] => [key, comment]);
  return new Map([...bases.flatMap((base) => [...membersOf(base)]), ...own]);
}

/** Reads the interfaces of files that are formatted the way this project's are. */
function readInterfaces(files: readonly string[]): Map<string, InterfaceText> {
  const interfaces = new Map<string, InterfaceText>();
  for (const file of files) {
    const text = readFileSync(new URL(file, import.meta.url), 'utf8');
    const pattern = /^export interface (\w+)(?: extends ([\w, ]+))? \{\n([\s\S]*?)^\}/gm;
    for (const [, name, bases, body] of text.matchAll(pattern)) {
      const members = new Map<string, Member>();
      const member = /^ {2}(\/\*\*[\s\S]*?\*\/\n {2})?(\w+)(\??): /gm;
      for (const [, comment, key, optional] of body!.matchAll(member)) {
        const plain = (comment ?? '').replace(/^ *(\/\*\*|\*\/|\*)|\*\/\s*$/gm, '');
        const sentence = plain.replace(/\s+/g, ' ').trim();
        members.set(key!, { comment: sentence, isOptional: optional === '?' });
      }
      interfaces.set(name!, { bases: bases?.split(', ') ?? [], members });
    }
  }
  return interfaces;
}
