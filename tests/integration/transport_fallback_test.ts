// Where the kernel refuses io_uring, as in a container: `auto` serves over node:net and says why in
// one line; `uring` does not start, with the same reason.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ENOSYS, EPERM } from '../../src/sys/errno.ts';
import { send } from './http_client.ts';
import { simpleConfig, spawnProxy, startOrigin, startProxy, until } from './proxy_process.ts';

const FORBID = fileURLToPath(new URL('../support/forbid_system_call.ts', import.meta.url));
/** The same on every architecture that Node runs on. */
const IO_URING_SETUP = 425;
const skip = process.platform === 'linux' ? false : 'seccomp exists on Linux only';

/** What runs a command without io_uring. */
function without(errno: number): string[] {
  const flag = '--disable-warning=ExperimentalWarning';
  return [process.execPath, flag, FORBID, String(IO_URING_SETUP), String(errno)];
}

function linesAbout(what: string, stderr: string): string[] {
  return stderr.split('\n').filter((line) => line.includes(what));
}

const REFUSALS = [
  ['a profile that forbids it', EPERM, /a seccomp profile.* forbids io_uring; .* allow io_uring_s/],
  ['a kernel without it', ENOSYS, /this kernel has no io_uring.*; .* run Linux 6\.1 or newer/],
] as const;

for (const [name, errno, sentence] of REFUSALS) {
  test(`'auto' serves over node:net, with one line that says why: ${name}`, { skip }, async (t) => {
    const origin = await startOrigin(t, (_request, response) => response.end('here'));
    const before = without(errno);
    const proxy = await startProxy(t, simpleConfig(origin, { transport: 'auto' }), { before });
    assert.equal((await send(proxy.url())).body, 'here');
    assert.equal((await proxy.status()).workers[0]!.transport, 'node');
    const lines = linesAbout('falling back to node:net', proxy.stderr);
    assert.equal(lines.length, 1, proxy.stderr);
    assert.match(lines[0]!, / warn /);
    assert.match(lines[0]!, sentence);
  });
}

test("'uring' does not start without io_uring, and says why", { skip }, async (t) => {
  const config = simpleConfig('http://127.0.0.1:9', { transport: 'uring' });
  const proxy = spawnProxy(t, config, { before: without(EPERM) });
  assert.equal(await proxy.exit(), 4);
  assert.match(proxy.stderr, /transport 'uring' cannot be used: a seccomp profile/);
});

test("'node' never asks for io_uring", { skip }, async (t) => {
  const origin = await startOrigin(t, (_request, response) => response.end('here'));
  const config = simpleConfig(origin, { transport: 'node', workers: 2 });
  const proxy = await startProxy(t, config, { before: without(EPERM) });
  assert.equal((await send(proxy.url())).body, 'here');
  await until('it has said all', () => proxy.stderr.includes(' listening on '));
  assert.deepEqual(linesAbout('io_uring', proxy.stderr), []);
});
