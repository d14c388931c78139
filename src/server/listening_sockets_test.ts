import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ZProxyError } from '../base/errors.ts';
import type { ListenAddress, SnapshotListener } from '../config/snapshot.ts';
import { ListeningSockets } from './listening_sockets.ts';
import { socketOrder } from './socket_plan.ts';

const folder: string = mkdtempSync(join(tmpdir(), 'zproxy-listen-'));
after(() => rmSync(folder, { recursive: true }));

function tcp(host: string, port: number, isDual = false): SnapshotListener {
  return listener({ kind: 'tcp', host, port, isDual, path: '' });
}

function unix(path: string): SnapshotListener {
  return listener({ kind: 'unix', host: '', port: 0, isDual: false, path });
}

function listener(listen: ListenAddress): SnapshotListener {
  const source = { file: 'zproxy.yaml', line: 3, column: 5, path: 'listeners[0].address' };
  return { listen, source } as unknown as SnapshotListener;
}

function refusal(listeners: readonly SnapshotListener[]): ZProxyError {
  try {
    new ListeningSockets(listeners, 1).close();
  } catch (error) {
    if (error instanceof ZProxyError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('ListeningSockets gives each slot its socket on one port, and one shared file', () => {
  const path = join(folder, 'a.sock');
  const sockets = new ListeningSockets([tcp('127.0.0.1', 0), unix(path)], 3);
  const slots = [0, 1, 2].map((slot) => sockets.listenersOf(slot));
  const descriptors = slots.map((listeners) => listeners[0]!.descriptor);
  assert.equal(new Set(descriptors).size, 3);
  assert.equal(new Set(slots.map((listeners) => listeners[1]!.descriptor)).size, 1);
  assert.deepEqual(
    slots[1]!.map((open) => open.listenerIndex),
    [0, 1],
  );
  const [first, second] = sockets.addresses;
  assert.ok(first?.kind === 'tcp' && first.port > 0);
  assert.deepEqual(second, { kind: 'unix', path });
  sockets.close();
  assert.ok(!existsSync(path));
});

test('ListeningSockets names the config line of a port in use', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const path = join(folder, 'b.sock');
  const error = refusal([unix(path), tcp('127.0.0.1', port)]);
  assert.equal(error.code, 'ZP_ADDRESS_IN_USE');
  assert.equal(error.location?.line, 3);
  assert.match(
    error.message,
    /^listeners\[0\]\.address: cannot listen on 127\.0\.0\.1:\d+: another/,
  );
  assert.ok(!existsSync(path));
  server.close();
});

test('ListeningSockets tells a second instance that uses SO_REUSEPORT, too', () => {
  const first = new ListeningSockets([tcp('127.0.0.1', 0)], 2);
  const address = first.addresses[0]!;
  assert.ok(address.kind === 'tcp');
  assert.equal(refusal([tcp('127.0.0.1', address.port)]).code, 'ZP_ADDRESS_IN_USE');
  first.close();
});

test('ListeningSockets explains a foreign address and a folder that does not exist', () => {
  assert.equal(refusal([tcp('192.0.2.1', 0)]).code, 'ZP_ADDRESS_UNKNOWN');
  assert.equal(refusal([unix(join(folder, 'none', 'a.sock'))]).code, 'ZP_FOLDER_MISSING');
});

test('ListeningSockets leaves a file alone that is no socket, and says so', () => {
  const path = join(folder, 'plain');
  writeFileSync(path, 'kept');
  assert.match(refusal([unix(path)]).message, /there is a file that is no socket; remove it/);
  assert.ok(existsSync(path));
});

test('ListeningSockets listens on both families for an address without a host', () => {
  const sockets = new ListeningSockets([tcp('::', 0, true)], 1);
  assert.ok(sockets.addresses[0]?.kind === 'tcp');
  sockets.close();
});

function connectTo(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const finish = (text: string): void => {
      socket.destroy();
      resolve(text);
    };
    socket.on('connect', () => finish('connected'));
    socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code!));
  });
}

/** A port that nobody listens on. */
function freePort(): number {
  const sockets = new ListeningSockets([tcp('127.0.0.1', 0)], 1);
  const [address] = sockets.addresses;
  sockets.close();
  assert.ok(address?.kind === 'tcp');
  return address.port;
}

test('ListeningSockets.prepare() takes an address that nobody can connect to yet', async () => {
  const sockets = new ListeningSockets([], 1);
  const port = freePort();
  const path = join(folder, 'c.sock');
  const listeners = [tcp('127.0.0.1', port), unix(path)];
  const first = sockets.prepare(listeners, 1);
  assert.equal(await connectTo(port), 'ECONNREFUSED');
  sockets.abandon(first);
  assert.ok(!existsSync(path));
  const second = sockets.prepare(listeners, 1);
  sockets.listen(second, listeners);
  sockets.commit(second);
  assert.equal(await connectTo(port), 'connected');
  sockets.close();
  assert.equal(await connectTo(port), 'ECONNREFUSED');
});

test('ListeningSockets keeps sockets of addresses that stay, in whatever order', () => {
  const path = join(folder, 'd.sock');
  const first = [tcp('127.0.0.1', 0), unix(path), tcp('127.0.0.1', 0)];
  const sockets = new ListeningSockets(first, 1);
  const ids = sockets.listenersOf(0).map(({ socketId }) => socketId);
  const next = [unix(path), tcp('127.0.0.1', 0), tcp('127.0.0.1', 0)];
  const plan = sockets.prepare(next, 1);
  sockets.listen(plan, next);
  sockets.commit(plan);
  const moved = sockets.listenersOf(0).map(({ socketId }) => socketId);
  assert.deepEqual(moved, [ids[1], ids[0], ids[2]]);
  assert.ok(existsSync(path));
  sockets.close();
});

test('ListeningSockets never closes a socket because there are fewer slots', () => {
  const listeners = [tcp('127.0.0.1', 0)];
  const sockets = new ListeningSockets(listeners, 3);
  const all = [0, 1, 2].flatMap((slot) => sockets.listenersOf(slot));
  sockets.commit(sockets.prepare(listeners, 2));
  const served = [0, 1].map((slot) => sockets.listenersOf(slot));
  assert.deepEqual(
    served.map((list) => list.length),
    [2, 1],
  );
  const ids = (list: readonly { socketId: number }[]): number[] =>
    list.map(({ socketId }) => socketId).sort();
  assert.deepEqual(ids(served.flat()), ids(all));
  const grown = sockets.prepare(listeners, 4);
  assert.equal(grown.listeners[0]!.sockets.length, 4, 'spare ones first, then new ones');
  sockets.abandon(grown);
  assert.deepEqual(ids(sockets.listenersOf(0)), ids(served[0]!));
  sockets.close();
});

test('ListeningSockets can move to another address of a port that it has', () => {
  const port = freePort();
  const sockets = new ListeningSockets([tcp('127.0.0.1', port)], 1);
  const next = [tcp('0.0.0.0', port)];
  const plan = sockets.prepare(next, 1);
  sockets.listen(plan, next);
  sockets.commit(plan);
  assert.deepEqual(sockets.addresses, [{ kind: 'tcp', host: '0.0.0.0', port, family: 4 }]);
  sockets.close();
});

test('ListeningSockets.prepare() leaves nothing behind where one address fails', () => {
  const sockets = new ListeningSockets([], 1);
  const path = join(folder, 'e.sock');
  assert.throws(() => sockets.prepare([unix(path), tcp('192.0.2.1', 0)], 1), ZProxyError);
  assert.ok(!existsSync(path));
  sockets.close();
});

test('socketOrder() says what is new to a worker, in the order of the descriptors', () => {
  const listeners = [tcp('127.0.0.1', 0), tcp('127.0.0.1', 0)];
  const sockets = new ListeningSockets(listeners, 2);
  const [one, two] = sockets.listenersOf(0);
  const order = socketOrder(sockets.plan, 0, new Set([one!.socketId]));
  assert.deepEqual(order, {
    listeners: [
      { listenerIndex: 0, socketId: one!.socketId, isNew: false },
      { listenerIndex: 1, socketId: two!.socketId, isNew: true },
    ],
    descriptors: [two!.descriptor],
  });
  sockets.close();
});
