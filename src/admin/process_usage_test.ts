import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readProcessUsage } from './process_usage.ts';

test('readProcessUsage() reads time and memory, past a name that looks like fields', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'zproxy-proc-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, '7'));
  const stat = '7 (a) R 1 (b) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 9 9 20 0 11 0 100 1 2';
  writeFileSync(join(root, '7', 'stat'), stat);
  writeFileSync(join(root, '7', 'status'), 'Name:\ta\nVmPeak:\t99 kB\nVmRSS:\t   12 kB\n');
  const usage = readProcessUsage([7, 0, 8], root);
  assert.deepEqual([...usage], [[7, { cpuSeconds: 3, residentBytes: 12 * 1024 }]]);
});

test('readProcessUsage() tells about this process, where there is /proc', {
  skip: process.platform === 'linux' ? false : 'there is no /proc here',
}, () => {
  const usage = readProcessUsage([process.pid]).get(process.pid)!;
  assert.ok(usage.cpuSeconds > 0);
  assert.ok(usage.residentBytes > 10 * 1024 * 1024);
});
