// Colour: on terminals only, and never against NO_COLOR.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Terminal } from './terminal.ts';

const silent = { write: () => true };

test('Terminal colours on a terminal only', () => {
  const onTerminal = new Terminal({ ...silent, isTTY: true }, silent, {});
  assert.equal(onTerminal.green('x'), '\u001b[32mx\u001b[39m');
  assert.equal(new Terminal(silent, silent, {}).green('x'), 'x');
});

test('Terminal obeys NO_COLOR and a dumb terminal; an empty NO_COLOR is none', () => {
  const stream = { ...silent, isTTY: true };
  assert.equal(new Terminal(stream, silent, { NO_COLOR: '1' }).bold('x'), 'x');
  assert.equal(new Terminal(stream, silent, { TERM: 'dumb' }).bold('x'), 'x');
  assert.notEqual(new Terminal(stream, silent, { NO_COLOR: '' }).bold('x'), 'x');
});
