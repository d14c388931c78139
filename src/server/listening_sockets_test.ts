import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ZProxyError } from '../base/errors.ts';
import type { ListenAddress, SnapshotListener } from '../config/snapshot.ts';
import { ListeningSockets } from './listening_sockets.ts';

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
