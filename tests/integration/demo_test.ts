// `zproxy demo` as `npm start` runs it: all that it says to try works through the proxy.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { until } from './proxy_process.ts';

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'zproxy.js');

interface Demo {
  readonly child: ChildProcess;
  stdout: string;
  stderr: string;
}

function startDemo(t: TestContext, port: number): Demo {
  const child = spawn(process.execPath, [LAUNCHER, 'demo', '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  const demo: Demo = { child, stdout: '', stderr: '' };
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    demo.stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    demo.stderr += text;
  });
  t.after(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(child.pid!, 'SIGKILL');
  });
  return demo;
}

test('the demo serves what it says, and ends with TERM', async (t) => {
  const demo = startDemo(t, 0);
  await until('the demo says what to try', () => demo.stdout.includes('Stop it with'));
  const url = /ZProxy is running on (http:\S+)/.exec(demo.stdout)![1]!;
  assert.ok(!demo.stdout.includes('\u001b'), 'no colour without a terminal');

  const shown = (await (await fetch(url)).json()) as { fields: Record<string, string> };
  assert.match(shown.fields['Via'] ?? shown.fields['via']!, /zproxy-/);
  const echoed = await fetch(`${url}/echo`, { method: 'POST', body: 'hello' });
  assert.equal(await echoed.text(), 'hello');

  const abort = new AbortController();
  const events = await fetch(`${url}/events`, { signal: abort.signal });
  const { value } = await events.body!.getReader().read();
  assert.match(new TextDecoder().decode(value), /^data: /);
  abort.abort();

  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket`);
  await once(socket, 'open');
  socket.send('through the proxy');
  const [event] = (await once(socket, 'message')) as [{ data: string }];
  assert.equal(event.data, 'through the proxy');
  socket.close();
  await once(socket, 'close');

  const folder = dirname(/--config (\S+)/.exec(demo.stdout)![1]!);
  demo.child.kill('SIGTERM');
  const [code] = (await once(demo.child, 'exit')) as [number];
  assert.equal(code, 0, demo.stderr);
  assert.ok(!existsSync(folder), 'its folder is removed');
});

test('the demo says in one sentence that its port is in use', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const demo = startDemo(t, port);
  const [code] = (await once(demo.child, 'close')) as [number];
  assert.equal(code, 4);
  assert.equal(
    demo.stderr,
    `zproxy: another process listens on port ${port} of 127.0.0.1; ` +
      'choose another one with "npm start -- --port 8081".\n',
  );
});
