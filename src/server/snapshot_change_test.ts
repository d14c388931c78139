// A snapshot on its way into a worker, as the supervisor sends it, with a real channel for sockets.

import assert from 'node:assert/strict';
import { fstatSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { compileSnapshot } from '../../tests/support/compile_snapshot.ts';
import { get, HOSTS, PlaneBench } from '../../tests/support/plane_bench.ts';
import { CELLS_COUNT } from '../base/metrics_cells.ts';
import type { Config } from '../config/config.ts';
import {
  type DescriptorChannel,
  openDescriptorChannel,
  receiveDescriptors,
  sendDescriptors,
} from '../sys/descriptor_channel.ts';
import { duplicateDescriptor } from '../sys/duplicate_descriptor.ts';
import { closeDescriptor } from '../sys/sockets.ts';
import { AccessLogWriter } from './access_log_writer.ts';
import { SnapshotChange } from './snapshot_change.ts';
import type { FromWorker, PreparedListener, PrepareMessage } from './worker_protocol.ts';

function configOf(host: string, more: Partial<Config> = {}): Config {
  return {
    listeners: [{ address: '127.0.0.1:8080' }, { address: '127.0.0.1:8081' }],
    upstreams: { origin: { endpoints: [`http://${host}:9000`] } },
    routes: [
      { path: '/respond', respond: { body: 'new' } },
      { path: '/a', upstream: 'origin' },
      { upstream: 'origin' },
    ],
    accessLog: false,
    ...more,
  };
}

class ChangeBench {
  readonly plane = new PlaneBench(configOf(HOSTS[0], { routes: [{ upstream: 'origin' }] }));
  readonly channel: DescriptorChannel = openDescriptorChannel();
  readonly said: FromWorker[] = [];
  readonly accessLog = new AccessLogWriter(null, new Float64Array(CELLS_COUNT), { log: () => {} });
  #generation = 0;

  /** Begins a change whose snapshot is that of `config`; no routes yet. */
  begin(config: Config, more: Partial<PrepareMessage> = {}): SnapshotChange {
    const { routes, ...snapshot } = compileSnapshot(config);
    const message: PrepareMessage = {
      type: 'prepare',
      generation: ++this.#generation,
      snapshot,
      routesCount: routes.length,
      listeners: [listener(3)],
      addresses: [],
      ...more,
    };
    return new SnapshotChange(message, {
      plane: this.plane.plane,
      accessLog: this.accessLog,
      channel: this.channel.theirs,
      sockets: new Map([[3, 3]]),
      send: (said) => this.said.push(said),
    });
  }

  async answer(): Promise<FromWorker> {
    const endMs = performance.now() + 5_000;
    while (this.said.length === 0) {
      assert.ok(performance.now() < endMs, 'it answers');
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this.said.shift()!;
  }

  async silence(): Promise<void> {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(this.said, []);
  }

  close(): void {
    this.plane.finish();
    for (const end of [this.channel.ours, this.channel.theirs]) closeDescriptor(end);
  }
}

function listener(socketId: number, isNew = false): PreparedListener {
  return { listenerIndex: socketId === 3 ? 0 : 1, socketId, isNew };
}

function routesOf(config: Config): ReturnType<typeof compileSnapshot>['routes'] {
  return compileSnapshot(config).routes;
}

function isOpen(descriptor: number): boolean {
  try {
    fstatSync(descriptor);
    return true;
  } catch {
    return false;
  }
}

const SECOND = configOf(HOSTS[1]);

test('SnapshotChange gathers routes, answers, and serves once committed', async () => {
  const bench = new ChangeBench();
  const client = bench.plane.send(get());
  const change = bench.begin(SECOND);
  const [first, ...rest] = routesOf(SECOND);
  change.addRoutes([first!]);
  assert.equal(change.commit(), null, 'it is not prepared');
  await bench.silence();
  change.addRoutes(rest);
  const { hash } = compileSnapshot(SECOND);
  assert.deepEqual(await bench.answer(), { type: 'prepared', generation: 1, hash });
  assert.match(bench.plane.ask(client, get('/respond')), /10\.0\.0\.1$/, 'the old one serves');
  const committed = change.commit()!;
  assert.deepEqual([...committed.sockets], [[3, 3]]);
  await committed.stopped;
  assert.match(bench.plane.ask(client, get('/respond')), /new$/);
  assert.equal(change.commit(), null, 'once');
  bench.close();
});

test('SnapshotChange takes its sockets off the channel and passes them on in order', async () => {
  const bench = new ChangeBench();
  sendDescriptors(bench.channel.ours, 1, [0, 0]);
  const listeners = [listener(8, true), listener(3), listener(9, true)];
  const change = bench.begin(SECOND, { listeners });
  change.addRoutes(routesOf(SECOND));
  await bench.answer();
  const { sockets } = change.commit()!;
  assert.deepEqual([...sockets.keys()], [8, 3, 9]);
  assert.equal(sockets.get(3), 3);
  assert.ok(sockets.get(8)! < sockets.get(9)!, 'in the order of the list');
  for (const id of [8, 9]) closeDescriptor(sockets.get(id)!);
  bench.close();
});

test('SnapshotChange closes its sockets where it is abandoned, and those before', async () => {
  const bench = new ChangeBench();
  sendDescriptors(bench.channel.ours, 0, [0]);
  sendDescriptors(bench.channel.ours, 1, [0]);
  const next = duplicateDescriptor(0);
  closeDescriptor(next); // the lowest free number: what the first one received gets
  const change = bench.begin(SECOND, { listeners: [listener(8, true)] });
  assert.equal(isOpen(next) || isOpen(next + 1), true);
  assert.equal(receiveDescriptors(bench.channel.theirs), null);
  change.abandon();
  assert.equal(isOpen(next) || isOpen(next + 1), false);
  change.addRoutes(routesOf(SECOND));
  await bench.silence();
  bench.close();
});

test('SnapshotChange refuses a snapshot whose sockets have not arrived', async () => {
  const bench = new ChangeBench();
  const change = bench.begin(SECOND, { listeners: [listener(8, true)] });
  const answer = await bench.answer();
  assert(answer.type === 'refused');
  assert.equal(answer.failure.code, 'ZP_SOCKETS_MISSING');
  assert.equal(change.commit(), null);
  bench.close();
});

test('SnapshotChange refuses middleware that cannot be had, with its place', async () => {
  const bench = new ChangeBench();
  const source = { file: '/zproxy.yaml', line: 7, column: 5, path: 'middleware[0]' };
  const { proxy } = compileSnapshot(SECOND);
  const cases = [
    ['file:///nowhere/none.mjs', 'ZP_CONFIG_MODULE', /none\.mjs/],
    ['', 'ZP_MIDDLEWARE_UNKNOWN', /"none"/],
  ] as const;
  for (const [module, code, text] of cases) {
    const use = { name: 'none', module, options: {}, source };
    const { routes, ...snapshot } = compileSnapshot(SECOND);
    const change = bench.begin(SECOND, {
      snapshot: { ...snapshot, proxy: { ...proxy, middleware: [use] } },
    });
    change.addRoutes(routes);
    const answer = await bench.answer();
    assert(answer.type === 'refused');
    assert.equal(answer.failure.code, code);
    assert.match(answer.failure.message, text);
    assert.equal(answer.failure.location?.line, 7);
  }
  assert.match(bench.plane.send(get()).receivedText(), /10\.0\.0\.1$/);
  bench.close();
});

test('SnapshotChange is dropped while it is compiled', async () => {
  const bench = new ChangeBench();
  const change = bench.begin(SECOND);
  change.addRoutes(routesOf(SECOND));
  change.abandon();
  await bench.silence();
  assert.equal(change.commit(), null);
  const prepared = bench.begin(SECOND);
  prepared.addRoutes(routesOf(SECOND));
  await bench.answer();
  prepared.abandon();
  assert.equal(prepared.commit(), null);
  assert.match(bench.plane.send(get('/respond')).receivedText(), /10\.0\.0\.1$/);
  bench.close();
});

test('SnapshotChange moves the access log with the commit, not before', async (t) => {
  const bench = new ChangeBench();
  const folder = await makeFolder(t);
  const path = join(folder, 'access.log');
  const config = configOf(HOSTS[1], { accessLog: { to: path } });
  const line = Buffer.from('a line\n');
  const dropped = bench.begin(config);
  dropped.addRoutes(routesOf(config));
  await bench.answer();
  dropped.abandon();
  assert.equal(bench.accessLog.writeLine(line, 0, line.length), false, 'there is no log yet');
  const change = bench.begin(config);
  change.addRoutes(routesOf(config));
  await bench.answer();
  change.commit();
  assert.equal(bench.accessLog.writeLine(line, 0, line.length), true);
  assert.equal(await bench.accessLog.flushed(1_000), true);
  assert.equal(readFileSync(path, 'utf8'), 'a line\n');
  const nowhere = configOf(HOSTS[1], { accessLog: { to: join(folder, 'none', 'access.log') } });
  bench.begin(nowhere).addRoutes(routesOf(nowhere));
  const answer = await bench.answer();
  assert(answer.type === 'refused');
  assert.equal(answer.failure.code, 'ZP_ACCESS_LOG');
  bench.close();
});

test('SnapshotChange makes names known before its endpoints are opened', async () => {
  const bench = new ChangeBench();
  const config = configOf('origin.test');
  const addresses = [{ host: 'origin.test', addresses: [{ host: HOSTS[2], family: 4 as const }] }];
  const change = bench.begin(config, { addresses });
  change.addRoutes(routesOf(config));
  await bench.answer();
  change.commit();
  bench.plane.network.run();
  assert.match(bench.plane.send(get()).receivedText(), /10\.0\.0\.3$/);
  bench.close();
});

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zproxy-test-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}
