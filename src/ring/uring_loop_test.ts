// The look after the loop: over a ring of numbers, with wake-ups that do not come.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Clock } from '../base/clock.ts';
import { TimerWheel } from '../base/timer_wheel.ts';
import type { IoUring } from '../sys/io_uring.ts';
import { UringLoop } from './uring_loop.ts';

const LOOK_MS = 5;

/** A ring whose kernel posts completions, and never tells of them. */
class SilentRing {
  readonly canWait = false;
  readonly queuedCount = 0;
  head = 0;
  tail = 0;

  enter(): void {
    // Whatever the kernel has is there already.
  }

  setEventfdEnabled(): void {
    // There is none.
  }
}

interface Scene {
  readonly ring: SilentRing;
  readonly loop: UringLoop;
  readonly stalls: string[];
}

function begin(onReap: () => void): Scene {
  const ring = new SilentRing();
  const stalls: string[] = [];
  const clock = new Clock();
  const work = {
    runPending: () => false,
    reap: (): number => {
      const count = ring.tail - ring.head;
      ring.head = ring.tail;
      if (count > 0) onReap();
      return count;
    },
  };
  const timers = new TimerWheel(clock.nowMs);
  const loop = new UringLoop(clock, timers, work, (reason) => stalls.push(reason), LOOK_MS);
  loop.start(ring as unknown as IoUring);
  return { ring, loop, stalls };
}

async function until(question: () => boolean): Promise<void> {
  const endMs = performance.now() + 5_000;
  while (!question()) {
    if (performance.now() > endMs) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** No turn has run for some turns of Node's loop. */
async function fallAsleep(loop: UringLoop): Promise<void> {
  for (let quiet = 0, rounds = -1; quiet < 5; rounds = loop.rounds) {
    await new Promise((resolve) => setImmediate(resolve));
    quiet = loop.rounds === rounds ? quiet + 1 : 0;
  }
}

test('UringLoop finds completions that no wake-up told of', async () => {
  let reaped = 0;
  const { ring, loop, stalls } = begin(() => reaped++);
  for (let i = 1; i <= 3; i++) {
    await fallAsleep(loop);
    ring.tail++;
    await until(() => reaped === i);
  }
  assert.deepEqual(stalls, []);
  await loop.stop();
});

test('UringLoop goes on after an exception that left a turn, and says so', async () => {
  let reaped = 0;
  const { ring, loop, stalls } = begin(() => {
    reaped++;
    if (reaped === 1) throw new Error('in a turn');
  });
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const thrown: string[] = [];
  process.on('uncaughtException', (error) => thrown.push(error.message));
  try {
    ring.tail++;
    await until(() => thrown.length === 1);
    ring.tail++;
    await until(() => reaped === 2);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
  assert.deepEqual(thrown, ['in a turn']);
  assert.deepEqual(stalls, ['its turn was left by an exception']);
  await loop.stop();
});

test('UringLoop takes no notice of itself while nothing is wrong', async () => {
  const { ring, loop, stalls } = begin(() => {});
  for (let i = 0; i < 20; i++) {
    ring.tail++;
    loop.wake();
    await until(() => ring.head === ring.tail);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.deepEqual(stalls, []);
  await loop.stop();
});
