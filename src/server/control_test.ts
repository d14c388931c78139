// The control socket and its client: the file, what is in its way, what is asked and answered.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import type { ControlActions, ReloadOutcome, UpgradeOutcome } from './control_actions.ts';
import { requestControl } from './control_client.ts';
import { ControlSocket } from './control_socket.ts';
import type { StatusReport } from './status_report.ts';

const folder: string = mkdtempSync(join(tmpdir(), 'zproxy-control-'));
after(() => rmSync(folder, { recursive: true }));

interface Bench {
  readonly control: ControlSocket;
  /** What was asked of the supervisor, in order. */
  readonly calls: string[];
}

function open(name: string, more: Partial<ControlActions> = {}): Bench {
  const calls: string[] = [];
  const control = new ControlSocket(join(folder, name), {
    status: () => ({ pid: 7 }) as StatusReport,
    metrics: () => '# HELP a A.\n',
    drain: () => calls.push('drain'),
    reopenLogs: () => calls.push('reopen'),
    reload: (cause) => {
      calls.push(`reload: ${cause}`);
      return Promise.resolve({ kind: 'unchanged', configHash: 'h' });
    },
    upgrade: (launcher) => {
      calls.push(`upgrade: ${launcher}`);
      return Promise.resolve({ kind: 'accepted', begin: () => calls.push('begin') });
    },
    ...more,
  });
  return { control, calls };
}

/** The same, closed with the test. */
function openFor(t: TestContext, name: string, more: Partial<ControlActions> = {}): Bench {
  const bench = open(name, more);
  t.after(() => bench.control.close());
  return bench;
}

test('ControlSocket answers status, drain and reopen, on a socket of mode 0600', async () => {
  const { control, calls } = open('a.sock');
  assert.equal(statSync(control.path).mode & 0o777, 0o600);
  const status = await requestControl(control.path, 'GET', '/status');
  assert.deepEqual(status, { status: 200, body: { pid: 7 } });
  assert.equal((await requestControl(control.path, 'POST', '/drain')).status, 202);
  assert.equal((await requestControl(control.path, 'POST', '/logs/reopen')).status, 204);
  assert.deepEqual(calls, ['drain', 'reopen']);
  const unknown = await requestControl(control.path, 'GET', '/nothing');
  assert.deepEqual(unknown, { status: 404, body: { error: 'there is no /nothing' } });
  control.close();
  assert.ok(!existsSync(control.path));
});

test('ControlSocket sends metrics as the text that Prometheus reads', async (t) => {
  const { control } = openFor(t, 'metrics.sock');
  const metrics = await requestControl(control.path, 'GET', '/metrics?x');
  assert.deepEqual(metrics, { status: 200, body: '# HELP a A.\n' });
  const sent = request({ socketPath: control.path, path: '/metrics' }).end();
  const [response] = await once(sent, 'response');
  assert.equal(response.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  response.resume();
});

test('ControlSocket refuses another method with 405 and says which is right', async (t) => {
  const { control, calls } = openFor(t, 'method.sock');
  for (const [method, path, right] of [
    ['POST', '/status', 'GET'],
    ['HEAD', '/metrics', 'GET'],
    ['GET', '/reload', 'POST'],
    ['GET', '/drain', 'POST'],
    ['PUT', '/upgrade', 'POST'],
    ['DELETE', '/logs/reopen', 'POST'],
  ] as const) {
    const sent = request({ socketPath: control.path, method, path }).end();
    const [response] = await once(sent, 'response');
    assert.deepEqual([response.statusCode, response.headers.allow], [405, right], path);
    response.resume();
  }
  assert.deepEqual(calls, []);
});

test('ControlSocket waits for a reload and tells how it ended', async (t) => {
  const outcomes: ReloadOutcome[] = [
    {
      kind: 'applied',
      configHash: 'new',
      changes: ['route a: added'],
      areWorkersReplaced: true,
    },
    { kind: 'unchanged', configHash: 'new' },
    { kind: 'refused', reason: 'it drains', errors: [] },
  ];
  const reload = async (): Promise<ReloadOutcome> => {
    await new Promise((resolve) => setImmediate(resolve));
    return outcomes.shift()!;
  };
  const { control } = openFor(t, 'reload.sock', { reload });
  const answers = [];
  while (outcomes.length > 0) answers.push(await requestControl(control.path, 'POST', '/reload'));
  assert.deepEqual(answers, [
    {
      status: 200,
      body: {
        changed: true,
        configHash: 'new',
        changes: ['route a: added'],
        workersReplaced: true,
      },
    },
    {
      status: 200,
      body: { changed: false, configHash: 'new', changes: [], workersReplaced: false },
    },
    { status: 422, body: { error: 'it drains', errors: [] } },
  ]);
});

test('ControlSocket begins an upgrade once the answer is out, not before', async (t) => {
  const { control, calls } = openFor(t, 'upgrade.sock');
  const options = { body: { launcher: '/opt/zproxy/bin/zproxy.js' } };
  const answer = await requestControl(control.path, 'POST', '/upgrade', options);
  assert.deepEqual(answer, { status: 202, body: { state: 'upgrading' } });
  assert.equal(calls[0], 'upgrade: /opt/zproxy/bin/zproxy.js');
  while (calls.length < 2) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(calls.slice(1), ['begin']);
  assert.equal((await requestControl(control.path, 'POST', '/upgrade')).status, 202);
  assert.equal(calls[2], 'upgrade: ');
});

test('ControlSocket begins an accepted upgrade whose client has gone', async (t) => {
  const begun = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const accepted = Promise.withResolvers<UpgradeOutcome>();
  const { control } = openFor(t, 'gone.sock', {
    upgrade: () => {
      asked.resolve();
      return accepted.promise;
    },
  });
  const client = connect(control.path);
  client.write('POST /upgrade HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
  await asked.promise;
  client.destroy();
  await once(client, 'close');
  accepted.resolve({ kind: 'accepted', begin: () => begun.resolve() });
  await begun.promise;
});

test('ControlSocket says why an upgrade is refused', async (t) => {
  const upgrade = (): Promise<UpgradeOutcome> =>
    Promise.resolve({ kind: 'refused', reason: 'it drains' });
  const { control } = openFor(t, 'refused.sock', { upgrade });
  const answer = await requestControl(control.path, 'POST', '/upgrade');
  assert.deepEqual(answer, { status: 409, body: { error: 'it drains' } });
});

test('ControlSocket refuses bodies that are wrong and asks the supervisor nothing', async (t) => {
  const { control, calls } = openFor(t, 'bodies.sock');
  for (const [path, body, status, text] of [
    ['/upgrade', { launcher: 7 }, 400, /absolute path/],
    ['/upgrade', { launcher: 'bin/zproxy.js' }, 400, /absolute path/],
    ['/upgrade', { luncher: '/a' }, 400, /unknown key "luncher"; known: launcher/],
    ['/reload', { force: true }, 400, /unknown key "force"; none is known here/],
    ['/reload', ['a'], 400, /must be a JSON object/],
    ['/drain', 'x'.repeat(100_000), 413, /longer than 65536 bytes/],
  ] as const) {
    const answer = await requestControl(control.path, 'POST', path, { body });
    assert.equal(answer.status, status, path);
    assert.match((answer.body as { error: string }).error, text);
  }
  const sent = request({ socketPath: control.path, method: 'POST', path: '/drain' }).end('{');
  const [response] = await once(sent, 'response');
  assert.equal(response.statusCode, 400);
  response.resume();
  assert.deepEqual(calls, []);
});

test('ControlSocket does nothing for a request that breaks off', async (t) => {
  const { control, calls } = openFor(t, 'broken.sock');
  const client = connect(control.path);
  client.write('POST /drain HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{');
  await once(client, 'connect');
  client.end();
  await once(client.resume(), 'close');
  await requestControl(control.path, 'GET', '/status');
  assert.deepEqual(calls, []);
});

test('ControlSocket.close() lets what is being answered end', async () => {
  const moved = Promise.withResolvers<ReloadOutcome>();
  const asked = Promise.withResolvers<void>();
  const { control } = open('moved.sock', {
    reload: () => {
      asked.resolve();
      return moved.promise;
    },
  });
  const answer = requestControl(control.path, 'POST', '/reload');
  await asked.promise;
  control.close();
  assert.ok(!existsSync(control.path));
  moved.resolve({ kind: 'unchanged', configHash: 'h' });
  assert.equal((await answer).status, 200);
});

test('ControlSocket refuses a path that another one answers at', async () => {
  const { control } = open('b.sock');
  assert.throws(() => open('b.sock'), { code: 'ZP_CONTROL_IN_USE' });
  control.close();
  const second = open('b.sock').control;
  assert.equal((await requestControl(second.path, 'GET', '/status')).status, 200);
  second.close();
  assert.throws(() => open('none/b.sock'), { code: 'ZP_CONTROL' });
});

test('ControlSocket says what is in its way: a file, a path that is too long', () => {
  const path = join(folder, 'file');
  writeFileSync(path, '');
  assert.throws(() => open('file'), { code: 'ZP_CONTROL_IN_USE', message: /is no socket; remove/ });
  const long = 'a'.repeat(108);
  assert.throws(() => open(long), { code: 'ZP_CONTROL', message: /longer than 107 bytes/ });
});

test('requestControl() tells that nothing runs, and an answer that is not JSON', async () => {
  const nothing = requestControl(join(folder, 'none.sock'), 'GET', '/status');
  await assert.rejects(nothing, { code: 'ZP_NOT_RUNNING' });
  const path = join(folder, 'c.sock');
  const server = createServer((_request, response) => response.end('not json')).listen(path);
  await once(server, 'listening');
  await assert.rejects(requestControl(path, 'GET', '/status'), { code: 'ZP_CONTROL' });
  server.close();
});

test('requestControl() waits as long as it is told to', async () => {
  const path = join(folder, 'slow.sock');
  const server = createServer(() => {}).listen(path);
  await once(server, 'listening');
  const answer = requestControl(path, 'POST', '/reload', { timeoutMs: 20 });
  await assert.rejects(answer, { code: 'ZP_CONTROL', message: /no answer within 0\.02 s/ });
  server.close();
});
