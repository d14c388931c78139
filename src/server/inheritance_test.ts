import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { WORKERS_MAX } from '../base/limits.ts';
import { Cell, endpointCell } from '../base/metrics_cells.ts';
import {
  sharedBytes,
  sharedRow,
  sharedRowsCount,
  writeSharedHeader,
} from '../base/shared_layout.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { createMemoryFile, createSharedMemory } from '../sys/shared_memory.ts';
import { closeDescriptor } from '../sys/sockets.ts';
import {
  HAND_OVER_VERSION,
  type HandOverState,
  packSnapshot,
  takeHandOver,
  unpackSnapshot,
} from './hand_over.ts';
import { inherit, openRows } from './inheritance.ts';
import { HAND_OVER_VARIABLE } from './upgrade_variables.ts';

const NONE = { ok: 0, failed: 0, lastSuccessSeconds: 0, lastFailure: '' };
const KEY = '["api","http://h",0]';

function stateOf(segmentDescriptor: number): HandOverState {
  return {
    version: HAND_OVER_VERSION,
    program: { launcher: '/bin/zproxy.js', version: '1.0.0' },
    failure: '',
    failedVersion: '',
    listeners: [],
    segmentDescriptor,
    totals: { REQUESTS: 11, [`REQUESTS of ${KEY}`]: 4 },
    endpointSlots: { slots: [[KEY, 2]], usedCount: 3, free: [0, 1] },
    workers: [],
    control: null,
    metrics: null,
    reloads: NONE,
    upgrades: NONE,
    snapshot: '',
  };
}

/** A snapshot whose one endpoint has a slot already. */
const SNAPSHOT = {
  hash: 'a',
  drainMs: Number.POSITIVE_INFINITY,
  upstreams: [{ name: 'api', endpoints: [{ url: 'http://h' }] }],
} as unknown as Snapshot;

test('openRows() goes on with a segment of the same layout', () => {
  const rowsCount = sharedRowsCount(WORKERS_MAX);
  const { descriptor, memory } = createSharedMemory(sharedBytes(rowsCount));
  writeSharedHeader(memory.buffer, rowsCount);
  sharedRow(memory.buffer, 0)[Cell.REQUESTS] = 20;
  const inheritance = inherit(stateOf(descriptor));
  assert.equal(inheritance.isSegmentOurs, true);
  const { shared, endpointSlots } = openRows(inheritance);
  assert.equal(shared.rows.totals[Cell.REQUESTS], 20, 'totals by name are not needed');
  const { snapshot } = endpointSlots.prepare(SNAPSHOT);
  assert.equal(snapshot.upstreams[0]!.endpoints[0]!.slot, 2);
  shared.close();
});

test('openRows() begins another segment where the layout differs, with the counts by name', () => {
  const { descriptor } = createSharedMemory(8_192);
  const inheritance = inherit(stateOf(descriptor));
  assert.equal(inheritance.isSegmentOurs, false);
  const { shared, endpointSlots } = openRows(inheritance);
  assert.equal(shared.rows.totals[Cell.REQUESTS], 11);
  assert.equal(shared.rows.totals[endpointCell(2)], 4);
  assert.equal(endpointSlots.prepare(SNAPSHOT).snapshot.upstreams[0]!.endpoints[0]!.slot, 2);
  shared.close();
  closeDescriptor(descriptor);
});

test('takeHandOver() reads the state once, and leaves nothing for children', () => {
  const { descriptor } = createSharedMemory(4_096);
  const state = { ...stateOf(descriptor), snapshot: packSnapshot(SNAPSHOT) };
  const file = createMemoryFile(Buffer.from(JSON.stringify(state)));
  const environment: NodeJS.ProcessEnv = { [HAND_OVER_VARIABLE]: String(file) };
  const taken = takeHandOver(environment);
  assert.deepEqual(taken, state);
  assert.deepEqual(unpackSnapshot(taken), SNAPSHOT, 'Infinity survives');
  assert.deepEqual(environment, {});
  assert.ok(!existsSync(`/proc/self/fd/${file}`));
  closeDescriptor(descriptor);
});

test('takeHandOver() refuses what another version of it has written', () => {
  const file = createMemoryFile(Buffer.from('{"version":99}'));
  assert.throws(() => takeHandOver({ [HAND_OVER_VARIABLE]: String(file) }), /version 99/);
});
