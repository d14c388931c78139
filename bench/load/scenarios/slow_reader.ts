// How much a proxy's memory grows while a large body goes through it to a client that reads slowly.

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { PINNED, type Running } from '../proxies.ts';
import { type Scenario, Series, withArrangement } from '../scenario.ts';
import { runLoad } from '../wrk.ts';

const BODY_BYTES = 2 ** 30;
const BODY_BYTES_QUICK = 2 ** 26;
/** About 100 MiB per second: far slower than loopback, so that back pressure is always on. */
const READ_BYTES = 1 << 20;
const PAUSE_MS = 10;
const SAMPLE_MS = 100;

/**
 * Reads a whole response, a pause after each MiB; returns the most that the proxy's memory grew.
 */
async function readSlowly(running: Running, path: string, byteCount: number): Promise<number> {
  const before = running.process.residentBytes();
  let most = before;
  const sampler = setInterval(() => {
    most = Math.max(most, running.process.residentBytes());
  }, SAMPLE_MS);
  const socket = connect(running.port, '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n`);
  let received = 0;
  let untilPause = READ_BYTES;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    untilPause -= chunk.length;
    if (untilPause > 0) return;
    untilPause = READ_BYTES;
    socket.pause();
    setTimeout(() => socket.resume(), PAUSE_MS);
  });
  await once(socket, 'close');
  clearInterval(sampler);
  if (received < byteCount) throw new Error(`${running.name} sent only ${received} bytes`);
  return most - before;
}

export const slowReader: Scenario = {
  name: 'slow-reader',
  description: 'growth of memory while 1 GiB goes to a slow reader',
  pinning: PINNED,
  run: (options) =>
    withArrangement(PINNED, async (arrangement) => {
      const byteCount = options.isQuick ? BODY_BYTES_QUICK : BODY_BYTES;
      await arrangement.startUpstream({ big: byteCount, warm: 1 << 20 });
      const growth = new Series();
      for (let round = 0; round < options.rounds; round++) {
        for (const name of options.proxies) {
          const running = await arrangement.start(name);
          const url = `http://127.0.0.1:${running.port}/files/warm`;
          await runLoad({ url, connections: 16, seconds: options.isQuick ? 1 : 5, cores: '1' });
          await delay(SAMPLE_MS);
          growth.add(name, (await readSlowly(running, '/files/big', byteCount)) / 2 ** 20);
          await running.process.stop();
        }
      }
      return [
        {
          metric: `memory growth over ${byteCount / 2 ** 20} MiB`,
          unit: 'MiB',
          isLowerBetter: true,
          values: growth.values,
        },
      ];
    }),
};
