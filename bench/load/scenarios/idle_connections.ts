// Memory per idle keep-alive connection, each of which has served a request; and that idling
// costs no CPU.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { PINNED } from '../proxies.ts';
import { type Scenario, Series, withArrangement } from '../scenario.ts';
import { runLoad } from '../wrk.ts';

const COUNT = 10_000;
const COUNT_QUICK = 1_000;
const OPENING_AT_ONCE = 100;
const SETTLE_MS = 1_000;
const WATCH_MS = 2_000;
const BODY_BYTES = 68;
const REQUEST = 'GET / HTTP/1.1\r\nHost: bench\r\n\r\n';

/** Opens a connection, has one request answered on it, and leaves it open. */
async function openIdle(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.write(REQUEST);
  let text = '';
  const isComplete = (): boolean => {
    const headEnd = text.indexOf('\r\n\r\n');
    return headEnd >= 0 && text.length - headEnd - 4 === BODY_BYTES;
  };
  while (!isComplete()) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString('latin1');
  }
  socket.on('error', () => {}); // the proxy ends before the benchmark does
  return socket;
}

async function openMany(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: OPENING_AT_ONCE }, () => openIdle(port));
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}

export const idleConnections: Scenario = {
  name: 'idle',
  description: 'memory of 10,000 idle keep-alive connections, and CPU while they idle',
  pinning: PINNED,
  run: (options) =>
    withArrangement(PINNED, async (arrangement) => {
      await arrangement.startUpstream();
      const count = options.isQuick ? COUNT_QUICK : COUNT;
      const memory = new Series();
      const cpu = new Series();
      for (let round = 0; round < options.rounds; round++) {
        for (const name of options.proxies) {
          const { port, process } = await arrangement.start(name);
          const url = `http://127.0.0.1:${port}/`;
          await runLoad({ url, connections: 64, seconds: options.isQuick ? 1 : 5, cores: '1' });
          await delay(SETTLE_MS);
          const before = process.residentBytes();
          const sockets = await openMany(port, count);
          await delay(SETTLE_MS);
          memory.add(name, (process.residentBytes() - before) / 1024 / count);
          const cpuBefore = process.cpuMicroseconds();
          await delay(WATCH_MS);
          cpu.add(name, (process.cpuMicroseconds() - cpuBefore) / 1000 / (WATCH_MS / 1000));
          for (const socket of sockets) socket.destroy();
          await process.stop();
        }
      }
      return [
        {
          metric: `memory per idle connection (${count})`,
          unit: 'KiB',
          isLowerBetter: true,
          values: memory.values,
        },
        { metric: 'CPU while idle', unit: 'ms/s', isLowerBetter: true, values: cpu.values },
      ];
    }),
};
