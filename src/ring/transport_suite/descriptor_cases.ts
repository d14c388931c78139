// Cases of the transport suite about running out of descriptors, in a child process under a low
// limit: the acceptor is told, the process does not spin, and what waited is served once there is
// room again.

import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { SuiteSubject } from './suite_environment.ts';

const CHILD = fileURLToPath(new URL('./starvation_child.ts', import.meta.url));
const DESCRIPTORS = 160;
const CLIENTS = 200;

interface Line {
  readonly port?: number;
  readonly starved?: number;
  readonly accepted: number;
  readonly open: number;
  readonly cpuMs: number;
  readonly wallMs: number;
}

export function describeDescriptors(subject: SuiteSubject): void {
  it('pauses before descriptors run out, without spinning, and serves all later', (context) =>
    starve(context.signal, subject, DESCRIPTORS, true));
  // A reserve that is used up by others: only the kernel says so. libuv then closes what waits.
  it('recovers, without spinning, where the kernel itself refuses descriptors', (context) =>
    starve(context.signal, subject, 100_000, subject.name !== 'node'));
}

async function starve(
  signal: TestContext['signal'],
  subject: SuiteSubject,
  descriptorsMax: number,
  areAllServed: boolean,
): Promise<void> {
  const child = startChild([subject.name, String(descriptorsMax)]);
  signal.addEventListener('abort', () => child.kill('SIGKILL'));
  const lines = readLines(child);
  const clients: Client[] = [];
  try {
    const port = (await lines.next((line) => line.port !== undefined)).port!;
    for (let i = 0; i < CLIENTS; i++) clients.push(new Client(port));
    if (areAllServed) {
      const first = await lines.next((line) => line.starved === 1);
      const later = await lines.next((line) => line.starved === 8);
      const share = (later.cpuMs - first.cpuMs) / (later.wallMs - first.wallMs);
      assert.ok(share < 0.5, `a starved process rests (${share.toFixed(2)} of a core)`);
      assert.ok(first.open <= DESCRIPTORS, `${first.open} open`);
      assert.ok(first.open > 0);
    }
    // Each client leaves once it is answered, which makes room for one that waits.
    for (const client of clients) client.send();
    await Promise.all(clients.map((client) => client.over));
    const answered = clients.filter((client) => client.isAnswered).length;
    if (areAllServed) assert.equal(answered, CLIENTS);
    const late = new Client(port);
    late.send();
    await late.over;
    assert.ok(late.isAnswered, 'a later client is served');
    const begin = performance.now();
    child.stdin!.end();
    const last = await lines.next((line) => line.port === undefined && line.starved === undefined);
    assert.ok(last.cpuMs < 3_000, `${last.cpuMs} ms of CPU time`);
    assert.ok(performance.now() - begin < 5_000);
    if (child.exitCode === null) await once(child, 'exit');
    assert.equal(child.exitCode, 0);
  } finally {
    for (const client of clients) client.socket.destroy();
    if (child.exitCode === null) child.kill('SIGKILL');
  }
}

/** A client that says one byte when told to, and leaves when it comes back. */
class Client {
  readonly socket: Socket;
  readonly over: Promise<void>;
  isAnswered = false;

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port });
    this.socket.on('data', () => {
      this.isAnswered = true;
      this.socket.destroy();
    });
    this.socket.on('error', () => {});
    this.over = new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  send(): void {
    this.socket.write('x');
  }
}

function startChild(args: readonly string[]): ChildProcess {
  const command = `ulimit -n ${DESCRIPTORS}; exec "$@"`;
  const flags = ['--disable-warning=ExperimentalWarning', CHILD];
  return spawn('/bin/sh', ['-c', command, 'sh', process.execPath, ...flags, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/** Lines of the child, waited for in order; rejects when it ends instead. */
function readLines(child: ChildProcess): { next(wanted: (line: Line) => boolean): Promise<Line> } {
  const iterator = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return {
    async next(wanted): Promise<Line> {
      for (;;) {
        const { value, done } = await iterator.next();
        assert.ok(done !== true, 'the child goes on');
        const line = JSON.parse(value) as Line;
        if (wanted(line)) return line;
      }
    },
  };
}
