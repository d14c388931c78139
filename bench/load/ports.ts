// Free ports on loopback, and waiting until something answers there.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 2;

/** A port that nothing listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/** Sends one request on a new connection; resolves with whether an answer of status 200 began. */
function isServing(port: number, path = '/'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (isFine: boolean): void => {
      socket.destroy();
      resolve(isFine);
    };
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
    socket.on('data', (chunk) => end(chunk.toString('latin1').startsWith('HTTP/1.1 200')));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n`);
  });
}

/** Waits until a request is answered with 200; throws after a while. */
export async function waitUntilServing(port: number, timeoutMs = 15_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (performance.now() < end) {
    if (await isServing(port)) return;
    await delay(POLL_MS);
  }
  throw new Error(`nothing answers on port ${port} after ${timeoutMs} ms`);
}
