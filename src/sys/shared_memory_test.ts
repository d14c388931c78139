import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { createSharedMemory, openSharedMemory } from './shared_memory.ts';
import { closeDescriptor } from './sockets.ts';

test('createSharedMemory() gives zeroes that openSharedMemory() maps again', () => {
  const { descriptor, memory } = createSharedMemory(8192);
  const again = openSharedMemory(descriptor);
  assert.equal(again.buffer.byteLength, 8192);
  const cells = new Float64Array(memory.buffer);
  assert.ok(cells.every((value) => value === 0));
  cells[1000] = 42.5;
  assert.equal(new Float64Array(again.buffer)[1000], 42.5);
  closeDescriptor(descriptor);
});

test('a child process writes what the parent reads', () => {
  const { descriptor, memory } = createSharedMemory(4096);
  const module = JSON.stringify(new URL('./shared_memory.ts', import.meta.url).href);
  const script = `const sys = await import(${module});
    new Float64Array(sys.openSharedMemory(3).buffer)[5] = 7;`;
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'inherit', 'pipe', descriptor],
  });
  assert.equal(result.status, 0, result.stderr.toString());
  assert.equal(new Float64Array(memory.buffer)[5], 7);
  closeDescriptor(descriptor);
});
