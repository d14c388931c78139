// The reference pages agree with the code, and the code's tables with src/base/limits.ts.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as limits from '../src/base/limits.ts';
import { fullName } from '../src/cli/command_context.ts';
import { EXIT_TEXTS } from '../src/cli/exit_texts.ts';
import { LIMIT_RULES, type LimitKey } from '../src/config/limits.ts';
import { TIMEOUT_RULES, type TimeoutKey } from '../src/config/timeouts.ts';
import { EXCHANGE_ERRORS, ExchangeError } from '../src/http/exchange_error.ts';
import { readInterfaces } from './interface_docs.ts';
import { CONFIG_FILES, checkReference, formatDuration, replaceTable } from './reference.ts';
import { allCommands, markerOf } from './reference_commands.ts';
import { ROOT } from './steps.ts';

/** Which constant is the default of which key: by hand, so that a wrong wire is noticed. */
const TIMEOUTS: Readonly<Record<TimeoutKey, number>> = {
  requestHead: limits.REQUEST_HEAD_TIMEOUT_MS,
  bodyIdle: limits.BODY_IDLE_TIMEOUT_MS,
  bodyRateGrace: limits.BODY_RATE_GRACE_MS,
  keepAliveIdle: limits.KEEP_ALIVE_IDLE_TIMEOUT_MS,
  linger: limits.LINGER_TIMEOUT_MS,
  drainIdle: limits.DRAIN_IDLE_MS,
  connect: limits.CONNECT_TIMEOUT_MS,
  firstByte: limits.FIRST_BYTE_TIMEOUT_MS,
  betweenBytes: limits.BETWEEN_BYTES_TIMEOUT_MS,
  tunnelIdle: limits.TUNNEL_IDLE_TIMEOUT_MS,
  upstreamIdle: limits.POOL_IDLE_TIMEOUT_MS,
  upstreamAge: limits.POOL_AGE_MS_MAX,
  drain: limits.DRAIN_TIMEOUT_MS,
  retire: limits.RETIRE_TIMEOUT_MS,
};
const LIMITS: Readonly<Record<LimitKey, number>> = {
  requestHead: limits.REQUEST_HEAD_BYTES_MAX,
  field: limits.FIELD_BYTES_MAX,
  fields: limits.FIELDS_COUNT_MAX,
  target: limits.TARGET_BYTES_MAX,
  requestsPerConnection: limits.REQUESTS_PER_CONNECTION_MAX,
  bodyRate: limits.BODY_RATE_BYTES_PER_SECOND_MIN,
  linger: limits.LINGER_BYTES_MAX,
  responseHead: limits.RESPONSE_HEAD_BYTES_MAX,
  upstreamConnections: limits.POOL_CONNECTIONS_MAX,
  upstreamIdleConnections: limits.POOL_IDLE_CONNECTIONS_MAX,
  requestBody: Number.POSITIVE_INFINITY,
  connections: limits.CLIENT_CONNECTIONS_MAX,
};

/** Key to default, from the rows of a page's table. */
function defaultsIn(page: string, table: string): Map<string, string> {
  const text = readFileSync(join(ROOT, 'docs', 'reference', page), 'utf8');
  const part = text.slice(text.indexOf(`<!-- ${table}:begin`), text.indexOf(`<!-- ${table}:end`));
  return new Map(
    [...part.matchAll(/^\| `(\w+)` \| `?([^|`]+?)`? \|/gm)].map((m) => [m[1]!, m[2]!]),
  );
}

function bytesOf(text: string): number {
  if (text === 'none') return Number.POSITIVE_INFINITY;
  const [, number, unit] = /^(\d+)(KiB|B)?$/.exec(text)!;
  return Number(number) * (unit === 'KiB' ? 1_024 : 1);
}

test('checkReference() finds the pages up to date', () => {
  assert.deepEqual(checkReference(false), []);
});

test('TIMEOUT_RULES, the reference and limits.ts agree on every default', () => {
  const documented = defaultsIn('config.md', 'timeouts');
  assert.deepEqual([...documented.keys()], Object.keys(TIMEOUTS));
  for (const [key, ms] of Object.entries(TIMEOUTS)) {
    assert.equal(TIMEOUT_RULES[key as TimeoutKey].defaultMs, ms, key);
    assert.equal(documented.get(key), formatDuration(ms), key);
  }
});

test('LIMIT_RULES, the reference and limits.ts agree on every default', () => {
  const documented = defaultsIn('config.md', 'limits');
  assert.deepEqual([...documented.keys()], Object.keys(LIMITS));
  for (const [key, limit] of Object.entries(LIMITS)) {
    assert.equal(LIMIT_RULES[key as LimitKey].default, limit, key);
    assert.equal(bytesOf(documented.get(key)!), limit, key);
  }
});

test('EXCHANGE_ERRORS has a row per ExchangeError, with a code of its own, documented', () => {
  assert.equal(EXCHANGE_ERRORS.length, Object.keys(ExchangeError).length);
  const codes = EXCHANGE_ERRORS.map((row) => row.code);
  assert.equal(new Set(codes).size, codes.length);
  const documented = defaultsIn('errors.md', 'errors');
  assert.deepEqual([...documented.keys()], codes.slice(1));
  for (const row of EXCHANGE_ERRORS.slice(1)) {
    assert.equal(documented.get(row.code), row.status === 0 ? 'none' : String(row.status));
  }
});

test('readInterfaces() finds a comment for every key of the configuration', () => {
  const docs = readInterfaces(CONFIG_FILES);
  assert.ok(docs.get('Config')!.some(({ key, isRequired }) => key === 'routes' && isRequired));
  for (const [name, members] of docs) {
    if (!/Config$|^Timeouts$|^Limits$|Timeouts$|Limits$/.test(name)) continue;
    for (const { key, text } of members) assert.notEqual(text, '', `${name}.${key}`);
  }
});

test('allCommands() have exit codes, descriptions and a section of the reference each', () => {
  const page = readFileSync(join(ROOT, 'docs', 'reference', 'commands.md'), 'utf8');
  const commands = allCommands();
  for (const command of commands) {
    const name = fullName(command);
    assert.ok(EXIT_TEXTS[name] !== undefined, `${name} has exit codes`);
    assert.ok(page.includes(`\n## zproxy ${name}\n\n<!-- ${markerOf(command)}:begin`), name);
    for (const option of command.options) assert.notEqual(option.description, '', option.flags);
    for (const argument of command.registeredArguments) assert.notEqual(argument.description, '');
  }
  const sections = [...page.matchAll(/^## zproxy (.+)$/gm)].map(([, name]) => name!);
  assert.deepEqual(sections.sort(), commands.map(fullName).sort());
  assert.deepEqual(Object.keys(EXIT_TEXTS).sort(), sections);
});

test('replaceTable() wants its markers', () => {
  assert.throws(() => replaceTable('# Page\n', 'errors', ''), /markers/);
});
