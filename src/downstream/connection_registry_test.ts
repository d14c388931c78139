import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { CELLS_COUNT, Cell } from '../base/metrics_cells.ts';
import { ConnectionRegistry, type DownstreamConnection } from './connection_registry.ts';

class FakeConnection implements DownstreamConnection {
  registryNext: DownstreamConnection | null = null;
  registryPrevious: DownstreamConnection | null = null;
  isRegisteredIdle = false;
  isNew = false;
  readonly told: string[] = [];
  readonly #registry: ConnectionRegistry;

  constructor(registry: ConnectionRegistry) {
    this.#registry = registry;
    registry.add(this);
  }

  mayEvict(): boolean {
    return !this.isNew;
  }

  evict(): void {
    this.told.push('evict');
    this.#registry.markClosing(this);
  }

  beginDrain(): void {
    this.told.push('drain');
  }

  resetNow(): void {
    this.told.push('reset');
    this.#registry.markClosing(this);
  }
}

function makeRegistry(count: number) {
  const cells = new Float64Array(CELLS_COUNT);
  const registry = new ConnectionRegistry(cells);
  const connections = Array.from({ length: count }, () => new FakeConnection(registry));
  return { cells, registry, connections };
}

test('ConnectionRegistry evicts the one that has been idle longest', () => {
  const { cells, registry, connections } = makeRegistry(3);
  const [first, second, third] = connections as [FakeConnection, FakeConnection, FakeConnection];
  registry.markActive(first);
  registry.markActive(second);
  registry.markIdle(second);
  assert.equal(registry.idleCount, 2);
  assert.equal(registry.evictOldestIdle(), true);
  assert.deepEqual(third.told, ['evict']);
  registry.evictOldestIdle();
  assert.deepEqual(second.told, ['evict']);
  assert.equal(registry.evictOldestIdle(), false, 'the first is busy');
  assert.equal(registry.openCount, 1);
  assert.equal(registry.count, 3, 'until their descriptors are gone');
  registry.remove(third);
  assert.equal(cells[Cell.CONNECTIONS_OPEN], 2);
  assert.equal(cells[Cell.CONNECTIONS_EVICTED], 2);
});

test('ConnectionRegistry passes over connections that may not be closed yet', () => {
  const { registry, connections } = makeRegistry(3);
  connections[0]!.isNew = true;
  assert.equal(registry.evictOldestIdle(), true);
  assert.deepEqual(
    connections.map(({ told }) => told),
    [[], ['evict'], []],
  );
  connections[2]!.isNew = true;
  assert.equal(registry.canEvict, false);
  assert.equal(registry.evictOldestIdle(), false);
  connections[0]!.isNew = false;
  assert.equal(registry.canEvict, true);
});

test('ConnectionRegistry resets all, idle or not, each once, and tells when it is empty', () => {
  const { registry, connections } = makeRegistry(5);
  registry.markActive(connections[1]!);
  registry.markActive(connections[3]!);
  registry.beginDrain();
  registry.resetAll();
  assert.deepEqual(
    connections.map((connection) => connection.told.join()),
    ['drain,reset', 'reset', 'drain,reset', 'reset', 'drain,reset'],
  );
  let emptied = 0;
  registry.onEmpty = () => emptied++;
  for (const connection of connections) registry.remove(connection);
  assert.equal(emptied, 1);
  assert.equal(registry.isEmpty, true);
});

test('ConnectionRegistry tells once that there is room', () => {
  const { registry, connections } = makeRegistry(2);
  for (const connection of connections) registry.markActive(connection);
  let told = 0;
  const waiter = { onRoom: () => told++ };
  registry.waitForRoom(waiter);
  registry.waitForRoom(waiter);
  registry.markIdle(connections[0]!);
  registry.markClosing(connections[1]!);
  assert.equal(told, 1);
});
