import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowedCores } from './process.ts';
import { cpuQuota, type ReadText, workersAuto } from './topology.ts';

function files(contents: Record<string, string>): ReadText {
  return (path) => contents[path] ?? null;
}

test('cpuQuota() is unlimited without a control group', () => {
  assert.equal(cpuQuota(files({})), Number.POSITIVE_INFINITY);
});

test('cpuQuota() takes the narrowest level of a unified hierarchy', () => {
  const read = files({
    '/proc/self/cgroup': '0::/a/b\n',
    '/sys/fs/cgroup/a/b/cpu.max': 'max 100000\n',
    '/sys/fs/cgroup/a/cpu.max': '150000 100000\n',
    '/sys/fs/cgroup/cpu.max': '400000 100000\n',
  });
  assert.equal(cpuQuota(read), 1.5);
});

test('cpuQuota() reads a container at the root of its hierarchy', () => {
  const read = files({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '50000 100000\n' });
  assert.equal(cpuQuota(read), 0.5);
});

test('cpuQuota() reads the first version of control groups', () => {
  const read = files({
    '/proc/self/cgroup': '7:memory:/x\n4:cpu,cpuacct:/x\n',
    '/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us': '300000\n',
    '/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us': '100000\n',
    '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
    '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
  });
  assert.equal(cpuQuota(read), 3);
});

test('workersAuto() is at least one, at most the cores, and what the quota pays', () => {
  const quota = (text: string): ReadText =>
    files({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': text });
  assert.equal(workersAuto(8, quota('max 100000')), 8);
  assert.equal(workersAuto(8, quota('150000 100000')), 2);
  assert.equal(workersAuto(2, quota('900000 100000')), 2);
  assert.equal(workersAuto(8, quota('1000 100000')), 1);
  assert.ok(workersAuto() >= 1 && workersAuto() <= allowedCores().length);
});
