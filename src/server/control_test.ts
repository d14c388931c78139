import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { requestControl } from './control_client.ts';
import { ControlSocket } from './control_socket.ts';
import type { StatusReport } from './status_report.ts';

const folder: string = mkdtempSync(join(tmpdir(), 'zproxy-control-'));
after(() => rmSync(folder, { recursive: true }));

function open(name: string): { control: ControlSocket; calls: string[] } {
  const calls: string[] = [];
  const control = new ControlSocket(join(folder, name), {
    status: () => ({ pid: 7 }) as StatusReport,
    drain: () => calls.push('drain'),
    reopenLogs: () => calls.push('reopen'),
  });
  return { control, calls };
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
  assert.deepEqual(unknown, { status: 404, body: { error: 'there is no GET /nothing' } });
  control.close();
  assert.ok(!existsSync(control.path));
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
