import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { closeOnExec, keepOnExec, reapChild } from './program_change.ts';
import { createMemoryFile } from './shared_memory.ts';
import { closeDescriptor } from './sockets.ts';

const O_CLOEXEC = 0o2000000;

function isClosedOnExec(descriptor: number): boolean {
  const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
  return (Number.parseInt(/^flags:\s*(\d+)/m.exec(info)![1]!, 8) & O_CLOEXEC) !== 0;
}

test('keepOnExec() and closeOnExec() change one flag of a descriptor', () => {
  const descriptor = createMemoryFile(Buffer.from('text'));
  assert.equal(isClosedOnExec(descriptor), true);
  keepOnExec(descriptor);
  assert.equal(isClosedOnExec(descriptor), false);
  closeOnExec(descriptor);
  assert.equal(isClosedOnExec(descriptor), true);
  closeDescriptor(descriptor);
  assert.throws(() => keepOnExec(descriptor), /ioctl failed/);
});

test('reapChild() tells how a child ended, once it has', async () => {
  // A program that becomes the test and finds children that its Node did not start.
  const program = new URL('./program_change.ts', import.meta.url).href;
  const script = `
    import { reapChild } from '${program}';
    const [pid] = process.argv.slice(1).map(Number);
    const running = reapChild(pid);
    process.kill(pid, 'SIGTERM');
    let exit = null;
    while ((exit = reapChild(pid)) === null) await new Promise((resolve) => setTimeout(resolve, 5));
    console.log(JSON.stringify([running, exit, reapChild(pid)]));`;
  const node = `"${process.execPath}" --disable-warning=ExperimentalWarning`;
  const command = `sleep 60 & exec ${node} --input-type=module-typescript -e "$0" $!`;
  const result = spawnSync('sh', ['-c', command, script], { encoding: 'utf8' });
  assert.equal(result.stderr, '');
  assert.deepEqual(JSON.parse(result.stdout), [null, { signal: 'SIGTERM' }, { code: -1 }]);
});

test('reapChild() leaves a child that runs alone', async () => {
  const child = spawn('sleep', ['60']);
  assert.equal(reapChild(child.pid!), null);
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  assert.deepEqual(await exited, [null, 'SIGTERM']);
});
