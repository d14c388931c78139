import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Timer, TimerWheel } from './timer_wheel.ts';

class Recorder {
  readonly fired: number[] = [];
  readonly timer: Timer = new Timer({ onTimer: () => this.fired.push(this.#now()) });
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }
}

function setUp(): { wheel: TimerWheel; recorder: Recorder; advanceTo: (ms: number) => void } {
  let now = 1000;
  const wheel = new TimerWheel(now);
  const recorder = new Recorder(() => now);
  const advanceTo = (ms: number): void => {
    now = ms;
    wheel.advance(ms);
  };
  return { wheel, recorder, advanceTo };
}

test('TimerWheel fires a timer once, not before its deadline', () => {
  const { wheel, recorder, advanceTo } = setUp();
  wheel.set(recorder.timer, 1100);
  advanceTo(1099);
  assert.deepEqual(recorder.fired, []);
  advanceTo(1140);
  assert.equal(recorder.fired.length, 1);
  advanceTo(5000);
  assert.equal(recorder.fired.length, 1);
  assert.equal(wheel.count, 0);
});

test('TimerWheel.set() moves a deadline later and earlier', () => {
  const { wheel, recorder, advanceTo } = setUp();
  wheel.set(recorder.timer, 1100);
  wheel.set(recorder.timer, 3000);
  advanceTo(2900);
  assert.deepEqual(recorder.fired, []);
  wheel.set(recorder.timer, 2950);
  advanceTo(2990);
  assert.equal(recorder.fired.length, 1);
});

test('TimerWheel.cancel() takes a timer out', () => {
  const { wheel, recorder, advanceTo } = setUp();
  wheel.set(recorder.timer, 1100);
  wheel.cancel(recorder.timer);
  advanceTo(9000);
  assert.deepEqual(recorder.fired, []);
  assert.equal(wheel.nextMs(), Number.POSITIVE_INFINITY);
});

test('TimerWheel keeps a deadline beyond its span', () => {
  const { wheel, recorder, advanceTo } = setUp();
  wheel.set(recorder.timer, 76_000);
  for (let ms = 1000; ms < 76_000; ms += 700) advanceTo(ms);
  assert.deepEqual(recorder.fired, []);
  advanceTo(76_040);
  assert.equal(recorder.fired.length, 1);
});

test('TimerWheel.advance() over a gap longer than the span fires everything that is due', () => {
  const { wheel, recorder, advanceTo } = setUp();
  wheel.set(recorder.timer, 1200);
  advanceTo(200_000);
  assert.equal(recorder.fired.length, 1);
});

test('TimerWheel lets an owner set its timer again inside the callback', () => {
  let now = 0;
  let count = 0;
  const wheel = new TimerWheel(now);
  const timer: Timer = new Timer({
    onTimer: () => {
      count++;
      if (count < 3) wheel.set(timer, now);
    },
  });
  wheel.set(timer, 10);
  for (now = 0; now < 200; now += 16) wheel.advance(now);
  assert.equal(count, 3);
});

test('TimerWheel: every timer fires at most two ticks late, whatever is set and moved', () => {
  const operation = fc.record({
    timer: fc.nat(4),
    afterMs: fc.nat(20_000),
    advanceMs: fc.nat(3000),
    cancel: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      let now = 500;
      const wheel = new TimerWheel(now);
      const wanted: number[] = [];
      const timers = Array.from({ length: 5 }, (_, index) => {
        wanted.push(Number.POSITIVE_INFINITY);
        return new Timer({
          onTimer: () => {
            assert.ok(now >= wanted[index]!, 'not before its deadline');
            wanted[index] = Number.POSITIVE_INFINITY;
          },
        });
      });
      for (const { timer, afterMs, advanceMs, cancel } of operations) {
        if (cancel) {
          wheel.cancel(timers[timer]!);
          wanted[timer] = Number.POSITIVE_INFINITY;
        } else {
          wheel.set(timers[timer]!, now + afterMs);
          wanted[timer] = now + afterMs;
        }
        now += advanceMs;
        wheel.advance(now);
        for (const deadline of wanted) assert.ok(deadline > now - 32, 'not later than two ticks');
        const earliest = Math.min(...wanted);
        assert.ok(wheel.nextMs() <= earliest + 32 || earliest === Number.POSITIVE_INFINITY);
      }
    }),
    { numRuns: 200 },
  );
});
