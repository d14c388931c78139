import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignalInbox, type SupervisorSignal } from './signals.ts';

test('SignalInbox keeps signals until somebody takes them, and hands on what follows', () => {
  const before = process.listenerCount('SIGHUP');
  const inbox = new SignalInbox();
  process.emit('SIGHUP', 'SIGHUP');
  process.emit('SIGTERM', 'SIGTERM');
  const taken: SupervisorSignal[] = [];
  inbox.take((signal) => taken.push(signal));
  process.emit('SIGUSR1', 'SIGUSR1');
  assert.deepEqual(taken, ['SIGHUP', 'SIGTERM', 'SIGUSR1']);
  const later: SupervisorSignal[] = [];
  inbox.take((signal) => later.push(signal));
  process.emit('SIGINT', 'SIGINT');
  assert.deepEqual(later, ['SIGINT']);
  assert.equal(taken.length, 3);
  inbox.close();
  assert.equal(process.listenerCount('SIGHUP'), before);
});
