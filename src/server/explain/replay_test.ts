// Which logged requests another configuration would answer with another route.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { compileConfig } from '../../config/compile_config.ts';
import type { Config } from '../../config/config.ts';
import { objectOrigin } from '../../config/config_origin.ts';
import type { Snapshot } from '../../config/snapshot.ts';
import { readLogLine } from './logged_request.ts';
import { type ReplayReport, replay } from './replay.ts';

const folder: string = mkdtempSync(join(tmpdir(), 'zproxy-replay-'));
after(() => rmSync(folder, { recursive: true }));

function snapshot(routes: Config['routes']): Snapshot {
  const config: Config = {
    listeners: [{ address: ':80' }],
    upstreams: { a: { endpoints: ['http://a'] } },
    routes,
  };
  const result = compileConfig(config, objectOrigin('/'));
  if ('errors' in result) assert.fail(JSON.stringify(result.errors));
  return result.snapshot;
}

function run(
  [from, to]: readonly [Config['routes'], Config['routes']],
  lines: readonly string[],
  host: string = '',
): Promise<ReplayReport> {
  const file = join(folder, 'access.log');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return replay(snapshot(from), snapshot(to), { file, host });
}

function json(method: string, target: string, more: Record<string, string> = {}): string {
  return JSON.stringify({ client: '192.0.2.1', method, target, host: 'h', ...more });
}

test('readLogLine() reads JSON lines and combined ones, and nothing else', () => {
  const combined =
    '192.0.2.1 - jane doe [25/Nov/2026:01:25:59 +0000] "GET /a%20b?c HTTP/1.1" 200 5 ' +
    '"http://r/" "agent \\x22x\\x22"';
  assert.deepEqual(readLogLine(combined), {
    method: 'GET',
    target: '/a%20b?c',
    host: '',
    client: '192.0.2.1',
    userAgent: 'agent "x"',
    referer: 'http://r/',
  });
  const common = '::1 - - [25/Nov/2026:01:25:59 +0000] "PUT / HTTP/1.0" 200 -';
  assert.equal(readLogLine(common)!.method, 'PUT');
  const line = readLogLine(json('GET', '/x', { userAgent: 'u' }));
  assert.deepEqual([line!.host, line!.target, line!.userAgent], ['h', '/x', 'u']);
  const broken = '192.0.2.1 - - [25/Nov/2026:01:25:59 +0000] "-" 400 0 "-" "-"';
  for (const none of ['', 'nonsense', '{"method":"GET"}', '{', '{"a":1}', broken]) {
    assert.equal(readLogLine(none), null, none);
  }
});

test('replay() counts requests that move, with their first examples', async () => {
  const from = [
    { name: 'all', path: '/*rest', upstream: 'a' },
    { name: 'old', path: '/old', method: 'GET', upstream: 'a' },
  ];
  const to = [
    { name: 'all', path: '/*rest', upstream: 'a' },
    { name: 'img', path: '/img/*rest', upstream: 'a' },
    { name: 'old', path: '/old', method: 'POST', upstream: 'a' },
  ];
  const images = Array.from({ length: 5 }, (_, i) => json('GET', `/img/${i}`));
  const lines = [...images, json('GET', '/x'), 'nonsense', json('GET', '/old')];
  const report = await run([from, to], lines);
  assert.deepEqual([report.requests, report.skipped, report.moved], [7, 1, 6]);
  assert.deepEqual(
    report.moves.map(({ from, to, count, examples }) => [from.name, to.name, count, examples]),
    [
      ['all', 'img', 5, ['GET h /img/0', 'GET h /img/1', 'GET h /img/2']],
      ['old', 'all', 1, ['GET h /old']],
    ],
  );
  assert.equal(report.moves[0]!.to.source!.path, 'routes[1]');
  assert.deepEqual(report.doubts, []);
});

test('replay() tells what would be refused, and takes renamed routes for the same', async () => {
  const from = [
    { name: 'one', path: '/a/:x', upstream: 'a' },
    { path: '/b', upstream: 'a' },
  ];
  const to = [
    { name: 'two', path: '/a/:y', upstream: 'a' },
    { path: '/b', method: 'POST', upstream: 'a' },
  ];
  const lines = [json('GET', '/a/1'), json('GET', '/b'), json('GET', '/c'), json('GET', '/a/%2F')];
  const report = await run([from, to], lines);
  assert.deepEqual(
    report.moves.map(({ to, count }) => [to.name, to.source, count]),
    [['405 method_not_allowed', null, 1]],
  );
});

test('replay() says what a log cannot tell, and takes the host that it is given', async () => {
  const routes = [
    { name: 'host', host: 'example.com', upstream: 'a' },
    { name: 'cookie', cookies: { c: true }, scheme: 'https', upstream: 'a' },
    { name: 'agent', headers: { 'user-agent': { prefix: 'bot' } }, upstream: 'a' },
  ] as const;
  const line = '192.0.2.1 - - [25/Nov/2026:01:25:59 +0000] "GET / HTTP/1.1" 200 5 "-" "bot 1"';
  const hostless = await run([routes, routes.slice(0, 1)], [line]);
  assert.equal(hostless.doubts.length, 3);
  assert.deepEqual(hostless.moves[0]!.from.name, 'agent', 'the user agent is in the log');
  const named = await run([routes, routes], [line], 'example.com');
  assert.equal(named.doubts.length, 2);
  assert.equal(named.moved, 0);
});

test('replay() takes a log that cannot be read for an error', async () => {
  const routes = snapshot([{ upstream: 'a' }]);
  const missing = replay(routes, routes, { file: join(folder, 'none'), host: '' });
  await assert.rejects(missing, { code: 'ZP_REPLAY', message: /none failed: ENOENT/ });
});

test('replay() is not fooled by line ends in a value', async () => {
  const routes = [{ name: 'x', headers: { 'x-a': true }, upstream: 'a' }];
  const line = json('GET', '/', { userAgent: 'a\r\nX-A: 1' });
  assert.equal(
    (await run([routes, [{ upstream: 'a' }]], [line])).moves[0]!.from.name,
    '404 route_not_found',
  );
});
