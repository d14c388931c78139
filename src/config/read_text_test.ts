// The readers of YAML and JSON over generated data: what is written comes back, and every value
// stands where it is said to stand.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dump, load } from 'js-yaml';
import type { ConfigText, ConfigTextResult } from './config_text.ts';
import type { KeyPath } from './key_path.ts';
import { positionOf } from './positions.ts';
import { readJson } from './read_json.ts';
import { readYaml } from './read_yaml.ts';
import { SecretTexts } from './secret_texts.ts';
import { Substituter } from './substitution.ts';
import { plainScalar } from './yaml_scalar.ts';

const NOTHING = new Substituter('/', {}, new SecretTexts());

/** Plain data without references. */
const DATA = fc
  .jsonValue({ maxDepth: 5 })
  .filter((value) => !JSON.stringify(value).includes('${') && !Object.is(value, -0));

function read(result: ConfigTextResult): ConfigText {
  assert.ok('data' in result, JSON.stringify(result));
  return result;
}

/** Calls `see` with each value in `data` and its path. */
function visit(data: unknown, path: KeyPath, see: (value: unknown, path: KeyPath) => void): void {
  see(data, path);
  if (data === null || typeof data !== 'object') return;
  for (const [key, value] of Object.entries(data)) {
    visit(value, [...path, Array.isArray(data) ? Number(key) : key], see);
  }
}

test('readJson() gives what JSON.parse gives, and the place of every value', () => {
  fc.assert(
    fc.property(DATA, fc.constantFrom(0, 1, 3), (data, indent) => {
      const text = JSON.stringify(data, null, indent);
      const result = read(readJson(text, NOTHING));
      assert.deepEqual(result.data, JSON.parse(text));
      const lines = text.split('\n');
      visit(data, [], (value, path) => {
        const { line, column } = result.positions.locate(path, 'value')!;
        const written = lines[line - 1]!.slice(column - 1);
        const start = value !== null && typeof value === 'object' ? '' : JSON.stringify(value);
        assert.ok(written.startsWith(start || (Array.isArray(value) ? '[' : '{')), text);
        const key = path.at(-1);
        if (typeof key !== 'string') return;
        const at = result.positions.locate(path, 'key')!;
        const name = lines[at.line - 1]!.slice(at.column - 1);
        assert.ok(name.startsWith(JSON.stringify(key)), text);
      });
    }),
  );
});

test('readYaml() gives what was dumped', () => {
  fc.assert(
    fc.property(DATA, fc.constantFrom(-1, 0, 2), (data, flowLevel) => {
      const text = dump(data, { flowLevel });
      const result = read(readYaml(text, NOTHING));
      assert.deepEqual(result.data, load(text));
      visit(data, [], (_, path) => {
        assert.notEqual(result.positions.locate(path, 'value'), null);
      });
    }),
  );
});

test('plainScalar() is the core schema of YAML', () => {
  const texts = [
    ...['', '~', 'null', 'NULL', 'nul', 'true', 'True', 'tRue', 'FALSE', 'yes', 'on', 'no'],
    ...['0', '-1', '+12', '012', '0o17', '0o8', '0x1F', '0xg', '1_000', '1.5', '.5', '5.', '-.5'],
    ...['1e3', '1.e3', '1e', 'e3', '.inf', '-.INF', '+.Inf', '.nan', '.NaN', '.na', '.', '+'],
    ...['2001-01-01', '1:30', '10.0.0.1', '8080/tcp', '1 2', '-a', 'nothing', 'Infinity', 'NaN'],
  ];
  for (const text of texts) {
    const value = text === '' ? null : (load(`[${text}]`) as unknown[])[0];
    assert.deepEqual(plainScalar(text), value, text);
  }
});

test('an alias is shown where it stands, what is inside it where the anchor is', () => {
  const text = 'a: &x\n  b: 1\nc: *x\nd:\n  <<: *x\n  e: 2\n';
  const { data, positions } = read(readYaml(text, NOTHING));
  assert.deepEqual(data, { a: { b: 1 }, c: { b: 1 }, d: { e: 2, b: 1 } });
  const at = (...path: KeyPath): [number, number] => {
    const { line, column } = positions.locate(path, 'value')!;
    return [line, column];
  };
  assert.deepEqual(at('c'), [3, 4]);
  assert.deepEqual(at('c', 'b'), [2, 6]);
  assert.deepEqual(at('d', 'b'), [2, 6]);
  assert.deepEqual(at('d', 'e'), [6, 6]);
});

test('merge keys take the first of a list, and what is written wins', () => {
  const text = 'a: &a { x: 1, y: 1 }\nb: &b { y: 2, z: 2 }\nc: { <<: [*a, *b], x: 3 }\n';
  const { data } = read(readYaml(text, NOTHING)) as { data: Record<string, unknown> };
  assert.deepEqual(data['c'], { x: 3, y: 1, z: 2 });
});

test('an offset on the last line, in front of the first and behind an end is a position', () => {
  assert.deepEqual(positionOf('', 0), { line: 1, column: 1 });
  assert.deepEqual(positionOf('a\nb', 1), { line: 1, column: 2 });
  assert.deepEqual(positionOf('a\nb', 2), { line: 2, column: 1 });
  assert.deepEqual(positionOf('a\nb\n', 4), { line: 3, column: 1 });
});
