import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZProxyError } from '../base/errors.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { EndpointSlots, type SlotPlan } from './endpoint_slots.ts';

/** A snapshot of upstreams, by name, with the addresses of their endpoints. */
function snapshot(upstreams: Record<string, readonly string[]>): Snapshot {
  const source = { file: 'zproxy.yaml', line: 4, column: 3, path: 'upstreams.a' };
  const list = Object.entries(upstreams).map(([name, urls]) => ({
    name,
    endpoints: urls.map((url) => ({ url, slot: -1 })),
    source,
  }));
  return { upstreams: list } as unknown as Snapshot;
}

interface Bench {
  readonly slots: EndpointSlots;
  readonly busy: Set<number>;
  readonly cleared: number[];
  commit(upstreams: Record<string, readonly string[]>): number[];
}

function createBench(capacity: number): Bench {
  const busy = new Set<number>();
  const cleared: number[] = [];
  const rows = {
    isIdle: (slot: number): boolean => !busy.has(slot),
    clear: (slot: number): void => void cleared.push(slot),
  };
  const slots = new EndpointSlots(rows, capacity);
  const commit = (upstreams: Record<string, readonly string[]>): number[] => {
    const plan = slots.prepare(snapshot(upstreams));
    slots.commit(plan);
    return slotsOf(plan);
  };
  return { slots, busy, cleared, commit };
}

function slotsOf(plan: SlotPlan): number[] {
  return plan.snapshot.upstreams.flatMap(({ endpoints }) => endpoints.map(({ slot }) => slot));
}

test('EndpointSlots gives an endpoint the same slot, wherever it stands in the list', () => {
  const bench = createBench(10);
  assert.deepEqual(bench.commit({ a: ['x', 'y'], b: ['x'] }), [0, 1, 2]);
  assert.deepEqual(bench.commit({ b: ['x', 'z'], a: ['y', 'x'] }), [2, 3, 1, 0]);
  assert.deepEqual(bench.commit({ a: ['x', 'x'] }), [0, 4], 'the same address twice is two');
});

test('EndpointSlots takes slots that were never used before those that were given up', () => {
  const bench = createBench(4);
  bench.commit({ a: ['1', '2'] });
  assert.deepEqual(bench.commit({ a: ['3'] }), [2]);
  assert.deepEqual(bench.commit({ a: ['3', '4'] }), [2, 3]);
  assert.deepEqual(bench.commit({ a: ['4', '5'] }), [3, 0], 'the one that is free for longest');
  assert.deepEqual(bench.commit({ a: ['5', '6'] }), [0, 1]);
  assert.deepEqual(bench.cleared, [0, 1, 2, 3, 0, 1]);
});

test('EndpointSlots leaves a slot alone in which something is open', () => {
  const bench = createBench(3);
  bench.commit({ a: ['1', '2', '3'] });
  bench.commit({ a: ['3'] });
  bench.busy.add(0);
  assert.deepEqual(bench.commit({ a: ['3', '4'] }), [2, 1]);
});

test('EndpointSlots.prepare() changes nothing, and refuses what there is no room for', () => {
  const bench = createBench(3);
  bench.commit({ a: ['1', '2'] });
  bench.slots.prepare(snapshot({ a: ['7'] }));
  assert.deepEqual(bench.commit({ a: ['2', '3'] }), [1, 2]);
  assert.throws(
    () => bench.slots.prepare(snapshot({ a: ['5', '6'] })),
    (error) =>
      error instanceof ZProxyError &&
      error.code === 'ZP_CONFIG_CAPACITY' &&
      error.location?.line === 4 &&
      /upstreams\.a: there is room for 3 endpoints/.test(error.message),
  );
  assert.deepEqual(bench.commit({ a: ['2', '3'] }), [1, 2]);
});

test('EndpointSlots.restore() goes on where save() left off', () => {
  const before = createBench(3);
  before.commit({ a: ['1', '2', '3'] });
  before.commit({ a: ['2'] });
  const after = createBench(3);
  after.slots.restore(JSON.parse(JSON.stringify(before.slots.save())));
  assert.deepEqual(after.commit({ a: ['2', '9'] }), [1, 0]);
});
