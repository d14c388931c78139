import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { Deployment } from './deployment.ts';
import type { FromWorker, ToWorker } from './worker_protocol.ts';
import { SlotState, WorkerSlot } from './worker_slot.ts';

/** A process that does what the test says. */
class ScriptedChild extends EventEmitter {
  readonly pid: number | undefined;
  readonly sent: string[] = [];
  readonly killed: string[] = [];
  connected = true;
  exitCode: number | null = null;

  constructor(pid: number | undefined) {
    super();
    this.pid = pid;
  }

  send(message: ToWorker, _done: () => void): boolean {
    this.sent.push(message.type);
    return true;
  }

  kill(signal: string): boolean {
    this.killed.push(signal);
    return true;
  }

  says(message: FromWorker): void {
    this.emit('message', message);
  }

  exits(code: number | null, signal: string | null = null): void {
    this.connected = false;
    this.exitCode = code;
    this.emit('exit', code, signal);
  }
}

const DEPLOYMENT = { generation: 0 } as Deployment;

interface Bench {
  readonly slot: WorkerSlot;
  readonly children: ScriptedChild[];
  readonly events: string[];
  readonly lines: string[];
  /** Rows of workers that are gone. */
  readonly gone: number[];
  heartbeat: number;
  /** What the next child's pid is. */
  pid: number | undefined;
  last(): ScriptedChild;
}

function createBench(t: TestContext): Bench {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const children: ScriptedChild[] = [];
  const events: string[] = [];
  const lines: string[] = [];
  const gone: number[] = [];
  const bench: Bench = {
    children,
    gone,
    events,
    lines,
    heartbeat: 0,
    pid: 100,
    last: () => children.at(-1)!,
    slot: new WorkerSlot(3, {
      log: { log: (_level, message) => lines.push(message) },
      spawn: () => {
        const child = new ScriptedChild(bench.pid);
        children.push(child);
        const row = children.length - 1;
        return { child: child as unknown as ChildProcess, row, channel: -1, socketIds: [] };
      },
      deployment: DEPLOYMENT,
      // Any: the slot only passes it on.
      firstMessage: async (_worker, _deployment, isStandby) =>
        isStandby ? { type: 'hand-over' } : { type: 'reopen-logs' },
      heartbeat: () => bench.heartbeat,
      onGone: (worker) => gone.push(worker.row),
      onReady: () => events.push('ready'),
      onDeath: (_slot, text) => {
        events.push('death');
        lines.push(text);
      },
      onEnded: () => events.push('ended'),
    }),
  };
  return bench;
}

async function startReady(bench: Bench): Promise<void> {
  bench.slot.start();
  await Promise.resolve();
  bench.last().says({ type: 'ready', transport: 'node' });
}

test('WorkerSlot goes from vacant over starting to ready', async (t) => {
  const bench = createBench(t);
  assert.equal(bench.slot.state, SlotState.VACANT);
  bench.slot.start();
  assert.equal(bench.slot.state, SlotState.STARTING);
  bench.slot.start();
  assert.equal(bench.children.length, 1);
  await Promise.resolve();
  assert.deepEqual(bench.last().sent, ['reopen-logs']);
  bench.last().says({ type: 'ready', transport: 'uring' });
  assert.equal(bench.slot.state, SlotState.READY);
  assert.equal(bench.slot.transport, 'uring');
  assert.equal(bench.slot.pid, 100);
  assert.deepEqual(bench.events, ['ready']);
});

test('WorkerSlot replaces a dead worker at once, the third one after a delay', async (t) => {
  const bench = createBench(t);
  await startReady(bench);
  bench.last().exits(null, 'SIGSEGV');
  assert.equal(bench.slot.state, SlotState.STARTING);
  assert.equal(bench.slot.deathsCount, 1);
  assert.equal(bench.slot.lastDeath, 'ended by SIGSEGV');
  assert.match(bench.lines[0]!, /worker 3 \(pid 100\) died: ended by SIGSEGV/);
  bench.last().exits(1);
  assert.equal(bench.slot.lastDeath, 'exited with code 1');
  bench.last().exits(0);
  assert.equal(bench.slot.lastDeath, 'exited with code 0', 'nobody told it to');
  assert.equal(bench.slot.state, SlotState.DEAD);
  assert.equal(bench.slot.pid, 0);
  assert.equal(bench.children.length, 3);
  t.mock.timers.tick(100);
  assert.equal(bench.children.length, 4);
  assert.equal(bench.slot.state, SlotState.STARTING);
});

test('WorkerSlot tells the reason that the worker gave', (t) => {
  const bench = createBench(t);
  bench.slot.start();
  bench.last().says({ type: 'failed', failure: { code: 'ZP_X', message: 'no such thing' } });
  bench.last().exits(1);
  assert.equal(bench.slot.lastDeath, 'no such thing');
});

test('WorkerSlot kills a worker that is not ready in time', (t) => {
  const bench = createBench(t);
  bench.slot.start();
  t.mock.timers.tick(30_000);
  assert.deepEqual(bench.last().killed, ['SIGKILL']);
  bench.last().exits(null, 'SIGKILL');
  assert.match(bench.slot.lastDeath, /killed, because it was not ready in time/);
});

test('WorkerSlot kills a ready worker whose heartbeat stands still', async (t) => {
  const bench = createBench(t);
  bench.slot.start();
  for (let i = 0; i < 20; i++) bench.slot.checkHeartbeat(performance.now() + i * 1_000);
  assert.deepEqual(bench.last().killed, [], 'it is still starting');
  bench.last().says({ type: 'ready', transport: 'node' });
  const nowMs = performance.now();
  for (let i = 1; i < 30; i++) {
    bench.heartbeat = i;
    bench.slot.checkHeartbeat(nowMs + i * 1_000);
  }
  assert.deepEqual(bench.last().killed, []);
  for (let i = 30; i <= 40; i++) bench.slot.checkHeartbeat(nowMs + i * 1_000);
  assert.equal(bench.last().killed[0], 'SIGKILL');
  bench.last().exits(null, 'SIGKILL');
  assert.match(bench.slot.lastDeath, /loop stood still/);
});

test('WorkerSlot.drain() lets a worker go, without a successor', async (t) => {
  const bench = createBench(t);
  await startReady(bench);
  bench.slot.drain(5_000);
  assert.equal(bench.slot.state, SlotState.DRAINING);
  assert.equal(bench.last().sent.at(-1), 'drain');
  bench.slot.drain(5_000);
  bench.last().exits(0);
  assert.equal(bench.slot.state, SlotState.ENDED);
  assert.equal(bench.slot.deathsCount, 0);
  assert.deepEqual(bench.events, ['ready', 'death', 'ended']);
  bench.slot.start();
  assert.equal(bench.children.length, 1);
});

test('WorkerSlot.drain() kills and counts a worker that stays', async (t) => {
  const bench = createBench(t);
  await startReady(bench);
  bench.slot.drain(5_000);
  t.mock.timers.tick(6_999);
  assert.deepEqual(bench.last().killed, []);
  t.mock.timers.tick(1);
  assert.deepEqual(bench.last().killed, ['SIGKILL']);
  bench.last().exits(null, 'SIGKILL');
  assert.equal(bench.slot.deathsCount, 1);
  assert.equal(bench.slot.state, SlotState.ENDED);
});

test('WorkerSlot.drain() ends a slot whose worker is dead or was never there', async (t) => {
  const bench = createBench(t);
  bench.slot.drain(5_000);
  assert.equal(bench.slot.state, SlotState.ENDED);
  t.mock.timers.reset();
  const second = createBench(t);
  second.slot.start();
  for (let i = 0; i < 3; i++) second.last().exits(1);
  assert.equal(second.slot.state, SlotState.DEAD);
  second.slot.drain(5_000);
  t.mock.timers.tick(60_000);
  assert.equal(second.slot.state, SlotState.ENDED);
  assert.equal(second.children.length, 3, 'no successor comes any more');
});

test('WorkerSlot.endNow() ends a drain, and only a drain', async (t) => {
  const bench = createBench(t);
  await startReady(bench);
  bench.slot.endNow();
  assert.ok(!bench.last().sent.includes('end'));
  bench.slot.drain(60_000);
  bench.slot.endNow();
  assert.equal(bench.last().sent.at(-1), 'end');
  t.mock.timers.tick(2_000);
  assert.deepEqual(bench.last().killed, ['SIGKILL']);
});

test('WorkerSlot tries again later where a process cannot be started', (t) => {
  const bench = createBench(t);
  bench.pid = undefined;
  bench.slot.start();
  bench.last().emit('error', new Error('spawn EAGAIN'));
  assert.match(bench.slot.lastDeath, /could not be started: spawn EAGAIN/);
  assert.equal(bench.slot.state, SlotState.DEAD);
  bench.pid = 101;
  t.mock.timers.tick(100);
  assert.equal(bench.slot.state, SlotState.STARTING);
});

test('WorkerSlot ignores what an old process says', async (t) => {
  const bench = createBench(t);
  await startReady(bench);
  const old = bench.last();
  old.exits(1);
  const events = bench.events.length;
  old.says({ type: 'ready', transport: 'node' });
  old.exits(1);
  assert.equal(bench.slot.state, SlotState.STARTING);
  assert.equal(bench.events.length, events);
});

/** Starts a successor of the slot's worker and makes it ready. */
async function readySuccessor(bench: Bench): Promise<void> {
  const started = bench.slot.startSuccessor(DEPLOYMENT);
  await Promise.resolve();
  bench.last().says({ type: 'ready', transport: 'node' });
  assert.equal(await started, null);
}

test('WorkerSlot.promote() lets the successor accept, and the one before retire', async (t) => {
  const bench = createBench(t);
  await startReady(bench);
  const first = bench.last();
  bench.pid = 200;
  await readySuccessor(bench);
  assert.deepEqual(bench.last().sent, ['hand-over'], 'it is on standby');
  assert.equal(bench.slot.pid, 100, 'the first one still serves');
  bench.slot.promote(60_000);
  assert.deepEqual(bench.last().sent, ['hand-over', 'accept']);
  assert.equal(first.sent.at(-1), 'drain');
  assert.equal(bench.slot.pid, 200);
  assert.deepEqual(
    bench.slot.retiring.map(({ pid }) => pid),
    [100],
  );
  first.exits(0);
  assert.deepEqual(bench.slot.retiring, []);
  assert.deepEqual(bench.gone, [0]);
  assert.equal(bench.slot.deathsCount, 0);
  assert.equal(bench.children.length, 2, 'nobody follows one that has retired');
});

test('WorkerSlot.startSuccessor() tells why it could not start, and nothing changes', async (t) => {
  const bench = createBench(t);
  await startReady(bench);
  const started = bench.slot.startSuccessor(DEPLOYMENT);
  bench.last().says({ type: 'failed', failure: { code: 'ZP_X', message: 'no such thing' } });
  bench.last().exits(1);
  assert.deepEqual(await started, { code: 'ZP_X', message: 'no such thing' });
  assert.equal(bench.slot.isSuccessorReady, false);
  assert.equal(bench.slot.state, SlotState.READY);
  assert.equal(bench.slot.deathsCount, 0);
  bench.slot.promote(1_000);
  assert.equal(bench.children[0]!.sent.at(-1), 'reopen-logs', 'the first one was told nothing');
});

test('WorkerSlot.dropSuccessor() ends it, whether it is ready or not', async (t) => {
  const bench = createBench(t);
  await startReady(bench);
  await readySuccessor(bench);
  bench.slot.dropSuccessor();
  assert.deepEqual(bench.last().sent.slice(-2), ['drain', 'end']);
  const started = bench.slot.startSuccessor(DEPLOYMENT);
  bench.slot.dropSuccessor();
  assert.notEqual(await started, null);
  assert.equal(bench.slot.state, SlotState.READY);
});

test('WorkerSlot keeps few retiring workers: the oldest is ended, and waited for', async (t) => {
  const bench = createBench(t);
  await startReady(bench);
  for (let i = 0; i < 5; i++) {
    await readySuccessor(bench);
    bench.slot.promote(3_600_000);
  }
  assert.equal(bench.slot.retiring.length, 5);
  const [oldest] = bench.children;
  assert.equal(oldest!.sent.at(-1), 'end');
  const started = bench.slot.startSuccessor(DEPLOYMENT);
  assert.equal(bench.children.length, 6, 'its row is needed first');
  t.mock.timers.tick(2_000);
  assert.deepEqual(oldest!.killed, ['SIGKILL']);
  oldest!.exits(null, 'SIGKILL');
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(bench.children.length, 7);
  bench.last().says({ type: 'ready', transport: 'node' });
  assert.equal(await started, null);
});

test('WorkerSlot.hold() puts the next start off until release()', async (t) => {
  const bench = createBench(t);
  await startReady(bench);
  bench.slot.hold();
  bench.last().exits(1);
  t.mock.timers.tick(60_000);
  assert.equal(bench.children.length, 1);
  assert.equal(bench.slot.state, SlotState.DEAD);
  bench.slot.release();
  assert.equal(bench.children.length, 2);
  assert.equal(bench.slot.state, SlotState.STARTING);
});

test('WorkerSlot.promote() takes the place of a worker that died meanwhile', async (t) => {
  const bench = createBench(t);
  await startReady(bench);
  bench.slot.hold();
  bench.last().exits(1);
  await readySuccessor(bench);
  bench.slot.promote(1_000);
  bench.slot.release();
  assert.equal(bench.children.length, 2);
  assert.equal(bench.slot.state, SlotState.READY);
});

test('WorkerSlot.retire() leaves a place that can be used again', async (t) => {
  const bench = createBench(t);
  await startReady(bench);
  bench.slot.retire(5_000);
  assert.equal(bench.slot.state, SlotState.VACANT);
  assert.equal(bench.last().sent.at(-1), 'drain');
  bench.last().exits(0);
  assert.equal(bench.children.length, 1);
  await startReady(bench);
  assert.equal(bench.slot.state, SlotState.READY);
});

test('WorkerSlot.drain() covers all workers, and gives none longer than it had', async (t) => {
  const bench = createBench(t);
  await startReady(bench);
  await readySuccessor(bench);
  bench.slot.promote(60_000);
  const [first, second] = bench.children;
  bench.slot.drain(5_000);
  assert.equal(second!.sent.at(-1), 'drain');
  t.mock.timers.tick(5_000);
  assert.equal(first!.sent.at(-1), 'end', 'it would have had a minute');
  second!.exits(0);
  assert.equal(bench.slot.state, SlotState.DRAINING);
  first!.exits(0);
  assert.equal(bench.slot.state, SlotState.ENDED);
});
