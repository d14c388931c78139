// The listener of the metrics: what it answers, and what keeps it from opening.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { statusReport } from '../../tests/support/status_report.ts';
import type { ListenAddress } from '../config/snapshot.ts';
import { MetricsServer } from './metrics_server.ts';
import type { StatusReport } from './status_report.ts';

const folder: string = mkdtempSync(join(tmpdir(), 'zproxy-metrics-'));
after(() => rmSync(folder, { recursive: true }));

const LOOPBACK: ListenAddress = {
  kind: 'tcp',
  host: '127.0.0.1',
  port: 0,
  isDual: false,
  path: '',
};
const SOURCE = { file: '/etc/zproxy.yaml', line: 3, column: 5, path: 'metrics.address' };

function open(
  t: TestContext,
  listen: ListenAddress = LOOPBACK,
  state: StatusReport['state'] = 'running',
): MetricsServer {
  const actions = {
    metrics: () => 'a 1\n',
    status: (): StatusReport => statusReport({ state, retiring: [] }),
  };
  const server = new MetricsServer(listen, actions, SOURCE);
  t.after(() => server.close());
  return server;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly allow: string;
  readonly text: string;
}

async function ask(where: string, method: string, path: string): Promise<Answer> {
  const target = where.startsWith('unix:')
    ? { socketPath: where.slice(5) }
    : { host: '127.0.0.1', port: where.slice(where.lastIndexOf(':') + 1) };
  const [response] = await once(
    request({ ...target, method, path, agent: false }).end(),
    'response',
  );
  let text = '';
  for await (const chunk of response) text += chunk;
  const { 'content-type': type, allow = '' } = response.headers;
  return { status: response.statusCode, type, allow, text };
}

test('MetricsServer answers GET and HEAD of /metrics and nothing else', async (t) => {
  const { address } = open(t);
  const type = 'text/plain; version=0.0.4; charset=utf-8';
  const got = await ask(address, 'GET', '/metrics?collect=all');
  assert.deepEqual(got, { status: 200, type, allow: '', text: 'a 1\n' });
  const head = await ask(address, 'HEAD', '/metrics');
  assert.deepEqual(head, { status: 200, type, allow: '', text: '' });
  const post = await ask(address, 'POST', '/metrics');
  assert.deepEqual([post.status, post.allow], [405, 'GET, HEAD']);
  for (const path of ['/', '/status', '/metrics/', '/reload']) {
    assert.equal((await ask(address, 'GET', path)).status, 404, path);
  }
});

test('MetricsServer tells at /healthz whether requests are served', async (t) => {
  for (const [state, status] of [
    ['starting', 503],
    ['running', 200],
    ['draining', 503],
  ] as const) {
    const { address } = open(t, LOOPBACK, state);
    const answer = await ask(address, 'GET', '/healthz');
    assert.deepEqual([answer.status, answer.text], [status, `${state}\n`]);
  }
});

test('MetricsServer listens on both families, and on a Unix socket that it removes', async (t) => {
  const dual = open(t, { ...LOOPBACK, host: '::', isDual: true });
  assert.equal((await ask(dual.address, 'GET', '/metrics')).status, 200);
  const path = join(folder, 'metrics.sock');
  const unix = open(t, { kind: 'unix', host: '', port: 0, isDual: false, path });
  assert.equal(unix.address, `unix:${path}`);
  assert.equal((await ask(unix.address, 'GET', '/metrics')).text, 'a 1\n');
  unix.close();
  assert.ok(!existsSync(path));
});

test('MetricsServer names the config line of an address that is in use', async (t) => {
  const { address } = open(t);
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  assert.throws(() => open(t, { ...LOOPBACK, port }), {
    code: 'ZP_ADDRESS_IN_USE',
    message: /^metrics\.address: cannot listen on 127\.0\.0\.1:\d+: another process listens there/,
    location: SOURCE,
  });
  const file = join(folder, 'file');
  writeFileSync(file, '');
  assert.throws(() => open(t, { kind: 'unix', host: '', port: 0, isDual: false, path: file }), {
    code: 'ZP_ADDRESS_IN_USE',
    message: /there is a file that is no socket/,
  });
  assert.throws(() => open(t, { ...LOOPBACK, host: '192.0.2.1' }), { code: 'ZP_ADDRESS_UNKNOWN' });
});

test('MetricsServer frees its address when it is closed', async (t) => {
  const first = open(t);
  const port = Number(first.address.slice(first.address.lastIndexOf(':') + 1));
  await ask(first.address, 'GET', '/metrics');
  first.close();
  const second = open(t, { ...LOOPBACK, port });
  assert.equal((await ask(second.address, 'GET', '/metrics')).status, 200);
});

test('MetricsServer outlives a failure to compute', async (t) => {
  const metrics = (): string => {
    throw new Error('a value is missing');
  };
  const status = (): StatusReport => ({ state: 'running' }) as StatusReport;
  const server = new MetricsServer(LOOPBACK, { metrics, status }, SOURCE);
  t.after(() => server.close());
  const failed = await ask(server.address, 'GET', '/metrics');
  assert.deepEqual([failed.status, failed.text], [500, 'a value is missing\n']);
  assert.equal((await ask(server.address, 'GET', '/healthz')).status, 200);
});
