import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogLevel, type LogSink } from '../base/log_sink.ts';
import type { UpstreamOptions } from '../upstream/options.ts';
import { type LookupResult, Resolver } from './resolver.ts';
import type { HostAddresses } from './worker_protocol.ts';

function upstream(hosts: readonly string[]): UpstreamOptions {
  const source = { file: 'zproxy.yaml', line: 7, column: 5, path: 'upstreams.a.endpoints[0]' };
  const endpoints = hosts.map((host) => ({ host, port: 9000, unixPath: '', source }));
  return { name: 'a', endpoints } as unknown as UpstreamOptions;
}

interface Bench {
  readonly resolver: Resolver;
  readonly updates: HostAddresses[];
  readonly lines: string[];
  readonly asked: string[];
  answers: Record<string, readonly LookupResult[]>;
}

function createBench(hosts: readonly string[]): Bench {
  const updates: HostAddresses[] = [];
  const lines: string[] = [];
  const asked: string[] = [];
  const log: LogSink = {
    log: (level, message) => lines.push(`${level === LogLevel.WARN ? 'warn' : 'info'} ${message}`),
  };
  const bench: Bench = {
    updates,
    lines,
    asked,
    answers: {},
    resolver: new Resolver({
      upstreams: [upstream(hosts)],
      log,
      onChange: (changed) => updates.push(...changed),
      lookupHost: async (host) => {
        asked.push(host);
        const found = bench.answers[host];
        if (found === undefined) throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
        return found;
      },
    }),
  };
  return bench;
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

test('Resolver.start() looks names up once each, numeric hosts never', async () => {
  const bench = createBench(['a.test', '10.0.0.1', '::1', '', 'a.test', 'b.test']);
  bench.answers = {
    'a.test': [
      { address: '::2', family: 6 },
      { address: '10.0.0.2', family: 4 },
    ],
    'b.test': [{ address: '10.0.0.3', family: 4 }],
  };
  await bench.resolver.start();
  assert.deepEqual(bench.asked, ['a.test', 'b.test']);
  assert.deepEqual(bench.resolver.current(), [
    {
      host: 'a.test',
      addresses: [
        { host: '::2', family: 6 },
        { host: '10.0.0.2', family: 4 },
      ],
    },
    { host: 'b.test', addresses: [{ host: '10.0.0.3', family: 4 }] },
  ]);
  bench.resolver.close();
});

test('Resolver warns once with the config line and asks again sooner', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const bench = createBench(['late.test']);
  await bench.resolver.start();
  assert.deepEqual(bench.lines, [
    "warn zproxy.yaml:7:5: host 'late.test' does not resolve (ENOTFOUND); its endpoint answers " +
      '503 (dns_error) until it does',
  ]);
  assert.deepEqual(bench.resolver.current()[0]?.addresses, []);
  t.mock.timers.tick(1_000);
  await settle();
  assert.equal(bench.asked.length, 2);
  t.mock.timers.tick(1_000);
  await settle();
  assert.equal(bench.asked.length, 2, 'the second retry waits longer');
  bench.answers = { 'late.test': [{ address: '10.0.0.9', family: 4 }] };
  t.mock.timers.tick(1_000);
  await settle();
  assert.equal(bench.updates.length, 1);
  assert.equal(bench.lines.length, 2);
  assert.match(bench.lines[1]!, /^info .*'late.test' resolves now/);
  bench.resolver.close();
});

test('Resolver reports changes every 30 s and keeps the last addresses in trouble', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const bench = createBench(['a.test']);
  bench.answers = { 'a.test': [{ address: '10.0.0.1', family: 4 }] };
  await bench.resolver.start();
  t.mock.timers.tick(30_000);
  await settle();
  assert.equal(bench.asked.length, 2);
  assert.equal(bench.updates.length, 1, 'nothing changed');
  bench.answers = { 'a.test': [{ address: '10.0.0.2', family: 4 }] };
  t.mock.timers.tick(30_000);
  await settle();
  assert.equal(bench.updates.length, 2);
  bench.answers = {};
  t.mock.timers.tick(30_000);
  await settle();
  assert.match(bench.lines[0]!, /its last addresses stay in use/);
  assert.equal(bench.resolver.current()[0]?.addresses.length, 1);
  bench.resolver.close();
});

test('Resolver.start() waits for a second at most, and without names not at all', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const log: LogSink = { log: () => {} };
  const never = new Resolver({
    upstreams: [upstream(['slow.test'])],
    log,
    onChange: () => {},
    lookupHost: () => new Promise(() => {}),
  });
  const started = never.start();
  t.mock.timers.tick(1_000);
  await started;
  never.close();
  const none = new Resolver({ upstreams: [upstream(['127.0.0.1'])], log, onChange: () => {} });
  await none.start();
  none.close();
});

test('Resolver.add() looks up what is new, keep() forgets what nobody has', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const bench = createBench(['a.test', 'b.test']);
  for (const host of ['a.test', 'b.test', 'c.test']) {
    bench.answers[host] = [{ address: '10.0.0.1', family: 4 }];
  }
  await bench.resolver.start();
  await bench.resolver.add([upstream(['b.test', 'c.test'])]);
  assert.deepEqual(bench.asked, ['a.test', 'b.test', 'c.test']);
  bench.resolver.keep([upstream(['b.test', 'c.test'])]);
  const hosts = bench.resolver.current().map(({ host }) => host);
  assert.deepEqual(hosts, ['b.test', 'c.test']);
  t.mock.timers.tick(30_000);
  await settle();
  assert.deepEqual(bench.asked.slice(3), ['b.test', 'c.test']);
  bench.resolver.close();
});

test('Resolver.keep() ends the wait for a name that it forgets', async () => {
  const log: LogSink = { log: () => {} };
  const looked = Promise.withResolvers<readonly LookupResult[]>();
  const resolver = new Resolver({
    upstreams: [],
    log,
    onChange: () => assert.fail('nobody has the name any more'),
    lookupHost: () => looked.promise,
  });
  const added = resolver.add([upstream(['slow.test'])]);
  resolver.keep([]);
  await added;
  looked.resolve([{ address: '10.0.0.1', family: 4 }]);
  await settle();
  assert.deepEqual(resolver.current(), []);
  resolver.close();
});
