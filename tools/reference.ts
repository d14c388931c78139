// The tables of docs/reference, written from the code: config keys from the doc comments of the
// types that users see, defaults from the tables that the schema is made of, errors from the
// table of the data path.
//
//   node tools/reference.ts            fails where a page is out of date (so does its test)
//   node tools/reference.ts --write    writes the tables, between their markers

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONFIG_ISSUE_CODES } from '../src/config/config_issue.ts';
import { LIMIT_RULES, type LimitRule } from '../src/config/limits.ts';
import type { Scope } from '../src/config/scope.ts';
import { TIMEOUT_RULES } from '../src/config/timeouts.ts';
import { EXCHANGE_ERRORS, Retry } from '../src/http/exchange_error.ts';
import { templateNames } from '../src/middleware/template.ts';
import { LogField } from '../src/proxy/log_template.ts';
import { readInterfaces } from './interface_docs.ts';
import { markdownTable as table } from './markdown_table.ts';
import { commandTables, exitCodeTable, metricsTable } from './reference_commands.ts';
import { ROOT } from './steps.ts';
import { reportViolations, type Violation } from './violation.ts';

const FOLDER = 'docs/reference';

/** The pages, each with its tables by the name in the marker. */
export function referenceTables(): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const docs = readInterfaces(CONFIG_FILES);
  const keys = (name: string): string => keyTable(docs.get(name) ?? []);
  const config = new Map<string, string>();
  for (const [name, type] of Object.entries(CONFIG_TABLES)) config.set(name, keys(type));
  config.set('timeouts', timeoutTable(docsOf(docs, TIMEOUT_TYPES)));
  config.set('limits', limitTable(docsOf(docs, LIMIT_TYPES)));
  config.set('template-names', templateNames('response').map(braced).join(', '));
  config.set('log-fields', Object.keys(LogField).map(braced).join(', '));
  return new Map([
    ['config.md', config],
    [
      'errors.md',
      new Map([
        ['errors', errorTable()],
        ['config-errors', configErrorTable()],
      ]),
    ],
    ['commands.md', new Map([...commandTables(), ['exit-codes', exitCodeTable()]])],
    ['metrics.md', new Map([['metrics', metricsTable()]])],
  ]);
}

/** Where the types of the configuration are. */
export const CONFIG_FILES: readonly string[] = [
  'src/config/config.ts',
  'src/config/route_config.ts',
  'src/config/middleware_config.ts',
  'src/config/timeouts.ts',
  'src/config/limits.ts',
];

const CONFIG_TABLES: Readonly<Record<string, string>> = {
  'top-level': 'Config',
  listener: 'ListenerConfig',
  upstream: 'UpstreamConfig',
  endpoint: 'EndpointConfig',
  route: 'RouteConfig',
  'value-test': 'ValueTestConfig',
  'client-ip': 'ClientIpConfig',
  'split-by': 'SplitByConfig',
  redirect: 'RedirectConfig',
  respond: 'RespondConfig',
  rewrite: 'RewriteConfig',
  mirror: 'MirrorConfig',
  'error-page': 'ErrorPageConfig',
  'middleware-built-in': 'BuiltInMiddlewareConfig',
  'middleware-module': 'ModuleMiddlewareConfig',
  metrics: 'MetricsConfig',
  'access-log': 'AccessLogConfig',
};
const TIMEOUT_TYPES = ['ListenerTimeouts', 'UpstreamTimeoutsConfig', 'Timeouts'];
const LIMIT_TYPES = ['ListenerLimits', 'UpstreamLimits', 'RouteLimits', 'Limits'];

function braced(name: string): string {
  return `\`{${name}}\``;
}

type Docs = ReturnType<typeof readInterfaces>;

/** Key to what its comment says, over several interfaces. */
function docsOf(docs: Docs, types: readonly string[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const type of types) {
    for (const { key, text } of docs.get(type) ?? []) texts.set(key, splitDefault(text).text);
  }
  return texts;
}

function keyTable(members: readonly { key: string; text: string; isRequired: boolean }[]): string {
  const rows = members.map(({ key, text, isRequired }) => {
    const split = splitDefault(text);
    return [`\`${key}\``, isRequired ? 'required' : split.default, split.text];
  });
  return table(['key', 'default', 'meaning'], rows);
}

function timeoutTable(texts: ReadonlyMap<string, string>): string {
  const rows = Object.entries(TIMEOUT_RULES).map(([key, rule]) => [
    `\`${key}\``,
    `\`${formatDuration(rule.defaultMs)}\``,
    formatScopes(rule.scopes),
    texts.get(key) ?? '',
  ]);
  return table(['key', 'default', 'where', 'meaning'], rows);
}

function limitTable(texts: ReadonlyMap<string, string>): string {
  const rows = Object.entries(LIMIT_RULES).map(([key, rule]) => [
    `\`${key}\``,
    `\`${formatLimit(rule)}\``,
    formatScopes(rule.scopes),
    texts.get(key) ?? '',
  ]);
  return table(['key', 'default', 'where', 'meaning'], rows);
}

const RETRIES: Readonly<Record<Retry, string>> = {
  [Retry.NEVER]: 'never',
  [Retry.NOTHING_SENT]: 'yes: nothing was sent',
  [Retry.IDEMPOTENT]: 'where idempotent',
};

function errorTable(): string {
  const rows = EXCHANGE_ERRORS.slice(1).map((row) => [
    `\`${row.code}\``,
    row.status === 0 ? 'none' : String(row.status),
    row.proxyStatus === '' ? '-' : `\`${row.proxyStatus}\``,
    row.origin,
    RETRIES[row.retry],
    row.text,
  ]);
  return table(['code', 'answer', 'Proxy-Status', 'whose doing', 'retry is safe', 'meaning'], rows);
}

function configErrorTable(): string {
  const rows = Object.entries(CONFIG_ISSUE_CODES).map(([code, text]) => [`\`${code}\``, text]);
  return table(['code', 'meaning'], rows);
}

/** Takes `Default X.` off the end of a doc comment. */
function splitDefault(text: string): { text: string; default: string } {
  const match = /^(.*?) ?Default:? (.+?)\.?$/s.exec(text);
  return match === null ? { text, default: '' } : { text: match[1]!, default: match[2]! };
}

/** `60000` as `60s`: the largest unit that stays below 120 of it. */
export function formatDuration(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}

function formatLimit(rule: LimitRule): string {
  if (rule.default === Number.POSITIVE_INFINITY) return 'none';
  if (rule.kind === 'count') return String(rule.default);
  if (rule.default % 1_024 === 0) return `${rule.default / 1_024}KiB`;
  return `${rule.default}B`;
}

function formatScopes(scopes: readonly Scope[]): string {
  return scopes.map((scope) => (scope === 'global' ? 'top level' : scope)).join(', ');
}

/** Puts a table between its markers; throws where the page has none. */
export function replaceTable(page: string, name: string, content: string): string {
  const begin = `<!-- ${name}:begin (written by \`npm run reference\`) -->`;
  const end = `<!-- ${name}:end -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the markers ${begin} and ${end} are missing`);
  return `${page.slice(0, from)}${begin}\n\n${content}\n\n${page.slice(to)}`;
}

/** Pages whose tables differ from the code; with `write` they are written instead. */
export function checkReference(write: boolean): Violation[] {
  const violations: Violation[] = [];
  for (const [name, tables] of referenceTables()) {
    const path = `${FOLDER}/${name}`;
    const page = readFileSync(join(ROOT, path), 'utf8');
    let updated = page;
    for (const [table, content] of tables) updated = replaceTable(updated, table, content);
    if (updated === page) continue;
    if (write) writeFileSync(join(ROOT, path), updated);
    else {
      const text = 'run `npm run reference`';
      violations.push({ path, line: 0, rule: 'reference-out-of-date', text });
    }
  }
  return violations;
}

if (import.meta.main) reportViolations(checkReference(process.argv.includes('--write')));
