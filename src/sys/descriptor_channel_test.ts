import assert from 'node:assert/strict';
import { readFileSync, readSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import {
  openDescriptorChannel,
  receiveDescriptors,
  sendDescriptors,
} from './descriptor_channel.ts';
import { createSharedMemory } from './shared_memory.ts';
import { closeDescriptor } from './sockets.ts';

test('sendDescriptors() hands over copies that outlive the originals, closed on exec', () => {
  const { ours, theirs } = openDescriptorChannel();
  assert.equal(receiveDescriptors(theirs), null);
  const { descriptor } = createSharedMemory(4096);
  writeSync(descriptor, 'here', 0);
  sendDescriptors(ours, 7, [descriptor]);
  closeDescriptor(descriptor);
  const received = receiveDescriptors(theirs);
  assert.equal(received?.generation, 7);
  const [copy] = received.descriptors;
  const bytes = Buffer.alloc(4);
  readSync(copy!, bytes, 0, 4, 0);
  assert.equal(bytes.toString(), 'here');
  const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${copy}`, 'utf8'))?.[1];
  assert.equal(Number.parseInt(flags!, 8) & 0o2000000, 0o2000000, 'O_CLOEXEC');
  for (const open of [copy!, ours, theirs]) closeDescriptor(open);
});

test('sendDescriptors() splits what the kernel does not take at once', () => {
  const { ours, theirs } = openDescriptorChannel();
  sendDescriptors(ours, 1, new Array<number>(300).fill(0));
  const first = receiveDescriptors(theirs)!;
  const second = receiveDescriptors(theirs)!;
  assert.deepEqual([first.descriptors.length, second.descriptors.length], [253, 47]);
  assert.equal(receiveDescriptors(theirs), null);
  const all = [...first.descriptors, ...second.descriptors];
  assert.equal(new Set(all).size, 300);
  for (const open of [...all, ours, theirs]) closeDescriptor(open);
});

test('sendDescriptors() says that the other end is gone, and so does its reader', () => {
  const { ours, theirs } = openDescriptorChannel();
  closeDescriptor(theirs);
  assert.throws(() => sendDescriptors(ours, 1, [0]), /sendmsg failed: EPIPE/);
  assert.equal(receiveDescriptors(ours), null);
  closeDescriptor(ours);
});
