import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigWatch } from './config_watch.ts';

interface Bench {
  readonly folder: string;
  readonly file: string;
  readonly watch: ConfigWatch;
  changes: number;
  /** Waits for as many changes as that in all, and then for one that does not come. */
  changed(count: number): Promise<void>;
}

function startBench(t: TestContext, more: readonly string[] = []): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'zproxy-watch-'));
  const file = join(folder, 'zproxy.yaml');
  writeFileSync(file, 'one');
  const bench: Bench = {
    folder,
    file,
    changes: 0,
    watch: new ConfigWatch(() => bench.changes++),
    changed: async (count) => {
      const endMs = performance.now() + 10_000;
      while (bench.changes < count && performance.now() < endMs) await turn();
      assert.equal(bench.changes, count);
    },
  };
  t.after(() => {
    bench.watch.close();
    rmSync(folder, { recursive: true });
  });
  bench.watch.watch([file, ...more.map((name) => join(folder, name))], Date.now() + 1_000);
  return bench;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}

/** Several looks, all of which see the same. */
async function looks(): Promise<void> {
  const endMs = performance.now() + 1_300;
  while (performance.now() < endMs) await turn();
}

test('ConfigWatch tells of a file that is written, once', async (t) => {
  const bench = startBench(t);
  await bench.watch.mark();
  writeFileSync(bench.file, 'another');
  await bench.changed(1);
  await looks();
  assert.equal(bench.changes, 1);
  writeFileSync(bench.file, 'a third one');
  await bench.changed(2);
});

test('ConfigWatch tells of a file that is put in the place of another', async (t) => {
  const bench = startBench(t);
  await bench.watch.mark();
  writeFileSync(`${bench.file}~`, 'two');
  renameSync(`${bench.file}~`, bench.file);
  await bench.changed(1);
  unlinkSync(bench.file);
  await bench.changed(2);
  writeFileSync(bench.file, 'three');
  await bench.changed(3);
});

test('ConfigWatch waits until a file that is being written holds still', async (t) => {
  const bench = startBench(t);
  await bench.watch.mark();
  const endMs = performance.now() + 1_500;
  while (performance.now() < endMs) {
    appendFileSync(bench.file, 'more');
    await turn();
    assert.equal(bench.changes, 0);
  }
  await bench.changed(1);
});

test('ConfigWatch tells of a link that points elsewhere, as config maps do it', async (t) => {
  const bench = startBench(t, ['config/zproxy.yaml']);
  for (const version of ['1', '2']) {
    mkdirSync(join(bench.folder, version));
    writeFileSync(join(bench.folder, version, 'zproxy.yaml'), `version ${version}`);
  }
  symlinkSync('1', join(bench.folder, 'config'));
  await bench.watch.mark();
  symlinkSync('2', join(bench.folder, 'next'));
  renameSync(join(bench.folder, 'next'), join(bench.folder, 'config'));
  await bench.changed(1);
});

test('ConfigWatch tells of a new file of its kind in the folder, and of no other', async (t) => {
  const bench = startBench(t);
  await bench.watch.mark();
  writeFileSync(join(bench.folder, 'access.log'), 'a line');
  writeFileSync(join(bench.folder, '.zproxy.yaml.swp'), 'an editor');
  writeFileSync(join(bench.folder, '.hidden.yaml'), 'an editor');
  await looks();
  assert.equal(bench.changes, 0);
  writeFileSync(join(bench.folder, 'more.yaml'), 'included by a pattern');
  await bench.changed(1);
});

test('ConfigWatch tells of what was written after it was read, before a look', async (t) => {
  const bench = startBench(t);
  bench.watch.watch([bench.file], Date.now() - 60_000);
  await bench.changed(1);
});

test('ConfigWatch.mark() makes what is there now no news', async (t) => {
  const bench = startBench(t);
  await bench.watch.mark();
  writeFileSync(bench.file, 'reloaded by a signal');
  await bench.watch.mark();
  await looks();
  assert.equal(bench.changes, 0);
});
