import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { EADDRINUSE, SysError } from './errno.ts';
import { bind } from './ffi.ts';
import { mapAnonymous, unmap } from './memory.ts';
import {
  closeDescriptor,
  localPort,
  openTcpListener,
  openUnixListener,
  probeTcpAddress,
  type TcpListenOptions,
} from './sockets.ts';

const V4: TcpListenOptions = {
  host: '127.0.0.1',
  family: 4,
  port: 0,
  isDual: false,
  reusePort: true,
};
const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some((item) => item.address === '::1'),
);

function isInUse(error: unknown): boolean {
  return error instanceof SysError && error.code === EADDRINUSE;
}

async function answers(
  target: { host: string; port: number } | { path: string },
): Promise<boolean> {
  const socket = connect(target);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test('openTcpListener() picks a port and listens on it', async () => {
  const descriptor = openTcpListener(V4);
  const port = localPort(descriptor);
  assert.ok(port > 0);
  assert.ok(await answers({ host: '127.0.0.1', port }));
  closeDescriptor(descriptor);
  assert.ok(!(await answers({ host: '127.0.0.1', port })));
});

test('openTcpListener() shares a port with reusePort, and probeTcpAddress() still tells', () => {
  const first = openTcpListener(V4);
  const port = localPort(first);
  const second = openTcpListener({ ...V4, port });
  assert.equal(localPort(second), port);
  assert.throws(() => probeTcpAddress({ ...V4, port }), isInUse);
  assert.throws(() => openTcpListener({ ...V4, port, reusePort: false }), isInUse);
  closeDescriptor(first);
  closeDescriptor(second);
  probeTcpAddress({ ...V4, port });
});

test('openTcpListener() serves IPv6 only, or both families', { skip: !hasIpv6 }, async () => {
  const only = openTcpListener({ ...V4, host: '::1', family: 6 });
  assert.ok(await answers({ host: '::1', port: localPort(only) }));
  closeDescriptor(only);
  const dual = openTcpListener({ ...V4, host: '::', family: 6, isDual: true });
  assert.ok(await answers({ host: '::1', port: localPort(dual) }));
  assert.ok(await answers({ host: '127.0.0.1', port: localPort(dual) }));
  closeDescriptor(dual);
  const single = openTcpListener({ ...V4, host: '::', family: 6 });
  assert.ok(!(await answers({ host: '127.0.0.1', port: localPort(single) })));
  closeDescriptor(single);
});

test('openTcpListener() refuses what is not a numeric address', () => {
  assert.throws(() => openTcpListener({ ...V4, host: 'localhost' }), /inet_pton\(localhost\)/);
});

test('openUnixListener() sets the mode and replaces only a left socket', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zproxy-sockets-'));
  const path = join(folder, 'a.sock');
  const first = openUnixListener(path, 0o640);
  assert.equal(statSync(path).mode & 0o777, 0o640);
  assert.ok(await answers({ path }));
  assert.throws(() => openUnixListener(path, 0o640), isInUse);
  closeDescriptor(first);
  assert.ok(existsSync(path));
  const second = openUnixListener(path, 0o600);
  assert.ok(await answers({ path }));
  closeDescriptor(second);
  writeFileSync(join(folder, 'file'), 'kept');
  assert.throws(() => openUnixListener(join(folder, 'file'), 0o600), isInUse);
  assert.throws(() => openUnixListener(join(folder, 'x'.repeat(120)), 0o600), /EINVAL/);
  rmSync(folder, { recursive: true });
});

test('localPort() descriptors serve a node:net server, too', async () => {
  const descriptor = openTcpListener(V4);
  const port = localPort(descriptor);
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  server.listen({ fd: descriptor });
  await once(server, 'listening');
  assert.ok(await answers({ host: '127.0.0.1', port }));
  server.close();
  await once(server, 'close');
});

test('openTcpListener() gives its connections TCP_NODELAY and SO_KEEPALIVE', () => {
  const native = bind({
    getsockopt: {
      arguments: ['int32', 'int32', 'int32', 'pointer', 'pointer'],
      return: 'int32',
    },
  });
  const memory = mapAnonymous(4096);
  const words = new Int32Array(memory.buffer);
  const descriptor = openTcpListener(V4);
  const read = (level: number, option: number): number => {
    words[0] = 0;
    words[4] = 4;
    native.getsockopt(descriptor, level, option, memory.pointer, memory.pointer + 16n);
    return words[0]!;
  };
  assert.equal(read(6, 1), 1, 'TCP_NODELAY');
  assert.equal(read(1, 9), 1, 'SO_KEEPALIVE');
  closeDescriptor(descriptor);
  unmap(memory);
});
