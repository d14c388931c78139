// A worker whose supervisor has become another program: serves on, drains when its successor does,
// and drains when the process is really gone.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { send } from './http_client.ts';
import { isRunning, startOrigin, until } from './proxy_process.ts';

const SCRIPT: string = fileURLToPath(new URL('../support/lone_supervisor.ts', import.meta.url));

interface HandedOver {
  readonly supervisor: ChildProcess;
  readonly pid: number;
  readonly url: string;
  stderr: string;
}

async function handOver(t: TestContext, origin: string): Promise<HandedOver> {
  const supervisor = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', SCRIPT, origin],
    { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, NODE_TEST_CONTEXT: undefined } },
  );
  t.after(() => supervisor.kill('SIGKILL'));
  let stderr = '';
  supervisor.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [line] = (await once(supervisor.stdout, 'data')) as [Buffer];
  const [pid, port] = line.toString().trim().split(' ').map(Number);
  t.after(() => {
    if (isRunning(pid!)) process.kill(pid!, 'SIGKILL');
  });
  return {
    supervisor,
    pid: pid!,
    url: `http://127.0.0.1:${port}`,
    get stderr(): string {
      return stderr;
    },
  };
}

/** Lets the channel go, and makes sure that a heartbeat has passed since. */
async function closeChannel(worker: HandedOver): Promise<void> {
  worker.supervisor.stdin!.write('close');
  for (const endMs = performance.now() + 1_200; performance.now() < endMs; ) {
    assert.equal((await send(worker.url)).body, 'here');
  }
}

test('a worker that was handed over serves on, and retires when told to', async (t) => {
  const gate = Promise.withResolvers<void>();
  const origin = await startOrigin(t, (request, response) => {
    if (request.url !== '/slow') response.end('here');
    else void gate.promise.then(() => response.end('slow'));
  });
  const worker = await handOver(t, origin);
  await closeChannel(worker);
  const slow = send(`${worker.url}/slow`);
  await until('the slow request is under way', async () => (await send(worker.url)).status === 200);
  process.kill(worker.pid, 'SIGUSR2');
  gate.resolve();
  assert.equal((await slow).body, 'slow');
  await until('the worker ends', () => !isRunning(worker.pid));
  assert.doesNotMatch(worker.stderr, /reset|gone/);
});

test('a worker that was handed over drains when the supervisor is really gone', async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const worker = await handOver(t, origin);
  await closeChannel(worker);
  worker.supervisor.kill('SIGKILL');
  await until('the worker ends', () => !isRunning(worker.pid));
  assert.match(worker.stderr, /the supervisor is gone: draining/);
});
