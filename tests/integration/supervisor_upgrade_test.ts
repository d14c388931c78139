// Upgrades of a supervisor whose workers keep to the protocol (tests/support/scripted_worker.ts):
// the process becomes other versions of the program, good and broken ones. What real workers do:
// upgrade_test.ts.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { requestControl } from '../../src/server/control_client.ts';
import type { StatusReport } from '../../src/server/status_report.ts';
import { isRunning, makeFolder, until } from './proxy_process.ts';

const SUPPORT: string = new URL('../support/', import.meta.url).href;

interface Bench {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly control: string;
  log(): string;
  write(changes: object): void;
  /** Writes a version of the program. */
  launcher(version: string, more?: string): string;
  status(): Promise<StatusReport>;
  ask(): Promise<string>;
  upgrade(launcher: string): Promise<{ readonly status: number; readonly body: unknown }>;
}

async function startBench(t: TestContext, changes: object = {}): Promise<Bench> {
  const folder = makeFolder(t);
  const control = join(folder, 'control.sock');
  const configFile = join(folder, 'zproxy.json');
  const write = (next: object): void => {
    const listeners = [{ address: '127.0.0.1:0' }, { address: `unix:${join(folder, 'a.sock')}` }];
    const routes = [{ path: '/', respond: { body: 'one' } }];
    const config = { control, listeners, upstreams: {}, routes, workers: 2, accessLog: false };
    writeFileSync(configFile, JSON.stringify({ ...config, ...next }, null, 2));
  };
  write(changes);
  const launcher = (version: string, more = ''): string => {
    const path = join(folder, `zproxy_${version}.mjs`);
    const text =
      `import { runScripted } from '${SUPPORT}scripted_supervisor.ts';\n` +
      `let worker;\n${more}\nawait runScripted('${version}', import.meta.filename, worker);\n`;
    writeFileSync(path, text);
    return path;
  };
  const args = ['--disable-warning=ExperimentalWarning', launcher('1.0.0')];
  const child = spawn(process.execPath, [...args, 'run', '--config', configFile], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const status = async (): Promise<StatusReport> =>
    (await requestControl(control, 'GET', '/status')).body as StatusReport;
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const report = await status().catch(() => null);
    child.kill('SIGKILL');
    const pids = [...(report?.workers ?? []), ...(report?.retiring ?? [])].map(({ pid }) => pid);
    for (const pid of pids) if (pid !== 0 && isRunning(pid)) process.kill(pid, 'SIGKILL');
  });
  const log = (): string => text;
  await until('it listens', () => {
    assert.equal(child.exitCode, null, log());
    return log().includes(' listening on ');
  });
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(log())![1]);
  return {
    child,
    folder,
    control,
    log,
    write,
    launcher,
    status,
    ask: () => request(port),
    upgrade: (path) =>
      requestControl(control, 'POST', '/upgrade', { body: { launcher: path }, timeoutMs: 60_000 }),
  };
}

function request(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/', agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve(body)).on('error', reject);
    }).on('error', reject);
  });
}

function pidsOf(report: StatusReport): number[] {
  return report.workers.map(({ pid }) => pid);
}

async function exited(child: ChildProcess): Promise<number | null> {
  await until('it has exited', () => child.exitCode !== null || child.signalCode !== null);
  return child.exitCode;
}

test('an upgrade keeps the process, its sockets and its counters', async (t) => {
  const bench = await startBench(t);
  for (let i = 0; i < 5; i++) await bench.ask();
  bench.write({ routes: [{ path: '/', respond: { body: 'two' } }] });
  const before = await bench.status();
  assert.deepEqual(await bench.upgrade(bench.launcher('2.0.0')), {
    status: 202,
    body: { state: 'upgrading' },
  });
  let failures = 0;
  const after = await until('the new version serves', async () => {
    await bench.ask().catch(() => failures++);
    const report = await bench.status().catch(() => null);
    return report?.version === '2.0.0' && report.upgrades.ok === 1 ? report : null;
  });
  assert.equal(failures, 0);
  assert.equal(after.pid, before.pid);
  assert.deepEqual(after.addresses, before.addresses);
  assert.ok(after.requests.total >= 5);
  assert.ok(after.startedAtSeconds > before.startedAtSeconds);
  await until('the old workers are gone', async () => (await bench.status()).retiring.length === 0);
  for (const pid of pidsOf(before)) assert.ok(!isRunning(pid), 'and no zombies');
  for (let i = 0; i < 8; i++) assert.match(await bench.ask(), /^two from /);
  const end = await bench.status();
  assert.ok(end.requests.total >= 13, 'what the old workers counted is kept');
  assert.deepEqual(
    end.workers.map(({ deaths }) => deaths),
    [0, 0],
  );
  bench.child.kill('SIGTERM');
  assert.equal(await exited(bench.child), 0, bench.log());
  assert.match(bench.log(), /upgraded from 1\.0\.0 to 2\.0\.0/);
});

test('SIGUSR2 starts the launcher again, as often as one likes', async (t) => {
  const bench = await startBench(t);
  const descriptors = readdirSync(`/proc/${bench.child.pid}/fd`).length;
  for (let i = 1; i <= 3; i++) {
    bench.child.kill('SIGUSR2');
    await until('it is upgraded', async () => {
      const report = await bench.status().catch(() => null);
      return report?.upgrades.ok === i && report.retiring.length === 0;
    });
    assert.match(await bench.ask(), /^one from /);
  }
  bench.write({ routes: [{ path: '/', respond: { body: 'two' } }] });
  bench.child.kill('SIGHUP');
  await until('it reloads', async () => (await bench.status()).reloads.ok === 1);
  assert.match(await bench.ask(), /^two from /);
  await until(
    'no descriptor is left over',
    () => readdirSync(`/proc/${bench.child.pid}/fd`).length <= descriptors + 2,
  );
});

test('an upgrade to what does not start is refused, and nothing changes', async (t) => {
  const bench = await startBench(t);
  const before = pidsOf(await bench.status());
  const refusals: readonly [string, RegExp][] = [
    [join(bench.folder, 'none.mjs'), /none\.mjs: .*(Cannot find module|exit code 1)/s],
    [bench.launcher('throws', 'throw new Error("broken build");'), /broken build/],
    [bench.launcher('silent', 'process.exit(0);'), /no ZProxy that can take over/],
    [bench.launcher('lame', `worker = '${bench.folder}/no_worker.mjs';`), /could not|exited|died/],
  ];
  for (const [path, reason] of refusals) {
    const { status, body } = await bench.upgrade(path);
    assert.equal(status, 409, path);
    assert.match((body as { error: string }).error, reason);
  }
  bench.write({ routes: 'none' });
  const { body } = await bench.upgrade(bench.launcher('2.0.0'));
  assert.match((body as { error: string }).error, /zproxy\.json:\d+:\d+: ZP_CONFIG_/);
  const report = await bench.status();
  assert.deepEqual(pidsOf(report), before);
  assert.equal(report.version, '1.0.0');
  assert.equal(report.upgrades.failed, 5);
  assert.match(await bench.ask(), /^one from /);
});

/** A version that passes its trial, and then fails as `more` says. */
const AFTER_TRIAL = 'if (process.env.ZPROXY_HAND_OVER !== undefined)';

test('a version that fails after its trial gives way to the one before', async (t) => {
  const bench = await startBench(t);
  await bench.ask();
  const before = await bench.status();
  const broken = bench.launcher('2.0.0', `${AFTER_TRIAL} worker = '/no/such/worker.mjs';`);
  assert.equal((await bench.upgrade(broken)).status, 202);
  let failures = 0;
  const after = await until('the old version serves again', async () => {
    await bench.ask().catch(() => failures++);
    const report = await bench.status().catch(() => null);
    return report?.version === '1.0.0' && report.upgrades.failed === 1 ? report : null;
  });
  assert.equal(failures, 0);
  assert.equal(after.pid, before.pid);
  assert.match(after.upgrades.lastFailure, /Cannot find module|exited with code/);
  assert.deepEqual(after.addresses, before.addresses);
  assert.ok(after.requests.total >= 1);
  await until('the old workers are gone', async () => (await bench.status()).retiring.length === 0);
  assert.match(await bench.ask(), /^one from /);
  assert.match(bench.log(), /the upgrade to 2\.0\.0 failed, 1\.0\.0 serves again/);
  bench.child.kill('SIGTERM');
  assert.equal(await exited(bench.child), 0);
});

test('workers serve on where neither version starts, until one does', async (t) => {
  const bench = await startBench(t);
  const spoil = `import { rmSync } from 'node:fs';
${AFTER_TRIAL} { worker = '/no/such/worker.mjs'; rmSync('${bench.folder}/zproxy_1.0.0.mjs'); }`;
  assert.equal((await bench.upgrade(bench.launcher('2.0.0', spoil))).status, 202);
  await until('it has given up', () => /a start is tried again/.test(bench.log()));
  assert.match(await bench.ask(), /^one from /);
  bench.launcher('1.0.0');
  bench.child.kill('SIGHUP');
  await until('the old version serves again', async () => {
    const report = await bench.status().catch(() => null);
    return report?.version === '1.0.0' && report.upgrades.failed === 1;
  });
  assert.match(await bench.ask(), /^one from /);
});

test('TERM ends the workers where neither version starts', async (t) => {
  const bench = await startBench(t);
  const pids = pidsOf(await bench.status());
  const spoil = `import { rmSync } from 'node:fs';
${AFTER_TRIAL} { worker = '/no/such/worker.mjs'; rmSync('${bench.folder}/zproxy_1.0.0.mjs'); }`;
  await bench.upgrade(bench.launcher('2.0.0', spoil));
  await until('it has given up', () => /a start is tried again/.test(bench.log()));
  bench.child.kill('SIGTERM');
  assert.equal(await exited(bench.child), 0);
  for (const pid of pids) assert.ok(!isRunning(pid));
});

test('a drain during an upgrade ends old and new workers', async (t) => {
  const bench = await startBench(t);
  const pids = pidsOf(await bench.status());
  const slow = `${AFTER_TRIAL} worker = '${bench.folder}/slow_worker.mjs';`;
  writeFileSync(
    join(bench.folder, 'slow_worker.mjs'),
    'process.on("message", (message) => message.type === "end" && process.exit(0));',
  );
  await bench.upgrade(bench.launcher('2.0.0', slow));
  await until('it is the new version', async () => {
    const report = await bench.status().catch(() => null);
    return report?.version === '2.0.0';
  });
  bench.child.kill('SIGTERM');
  assert.equal(await exited(bench.child), 0, bench.log());
  for (const pid of pids) assert.ok(!isRunning(pid));
});

test('an upgrade changes workers, listeners and the control socket by the file', async (t) => {
  const bench = await startBench(t);
  const before = await bench.status();
  const control = join(bench.folder, 'other.sock');
  const listeners = [{ address: '127.0.0.1:0' }, { address: '127.0.0.1:0' }];
  bench.write({ control, workers: 3, listeners });
  await bench.upgrade(bench.launcher('2.0.0'));
  const after = await until('the new version serves', async () => {
    const asked = await requestControl(control, 'GET', '/status').catch(() => null);
    const report = asked?.body as StatusReport | undefined;
    return report?.upgrades.ok === 1 ? report : null;
  });
  assert.equal(after.workers.length, 3);
  assert.equal(after.addresses[0], before.addresses[0]);
  assert.equal(after.addresses.length, 2);
  assert.match(await bench.ask(), /^one from /);
  const files = readdirSync(bench.folder).filter((name) => name.endsWith('.sock'));
  assert.deepEqual(files, ['other.sock']);
});
