// The layer check against trees that break one rule each, and against the table itself.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkGraph, checkLayers, LAYER_RULES, renderGraph } from './check_layers.ts';
import { LAYERS } from './layers.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures', 'layers');

for (const rule of LAYER_RULES) {
  test(`checkLayers() finds ${rule} in its fixture and nothing else`, () => {
    const { violations } = checkLayers(join(FIXTURES, rule));
    assert.deepEqual(
      violations.map((violation) => violation.rule),
      [rule],
    );
  });
}

test('checkLayers() has a fixture per rule and one that is in order', () => {
  assert.deepEqual(readdirSync(FIXTURES).sort(), [...LAYER_RULES, 'good'].sort());
});

test('checkLayers() finds nothing in a tree that is in order', () => {
  const { violations, edges } = checkLayers(join(FIXTURES, 'good'));
  assert.deepEqual(violations, []);
  assert.deepEqual([...edges.get('config')!].sort(), ['base', 'http']);
});

test('LAYERS lets each layer import only what stands above it in the table', () => {
  const above: string[] = [];
  for (const layer of LAYERS) {
    for (const name of layer.mayImport) assert.ok(above.includes(name), `${layer.name}: ${name}`);
    above.push(layer.name);
  }
});

test('renderGraph() leaves out an edge that another path implies', () => {
  const graph = renderGraph(checkLayers(join(FIXTURES, 'good')).edges);
  assert.match(graph, /config --> http/);
  assert.match(graph, /http --> base/);
  assert.doesNotMatch(graph, /config --> base/);
});

test('checkGraph() says that a graph is out of date, writes it, and is content then', () => {
  const root = mkdtempSync(join(tmpdir(), 'zproxy-layers-'));
  try {
    const graph = renderGraph(checkLayers(join(FIXTURES, 'good')).edges);
    assert.equal(checkGraph(root, graph, false)?.text, 'the file is missing');
    const path = join(root, 'ARCHITECTURE.md');
    writeFileSync(path, '# Title\n');
    assert.match(checkGraph(root, graph, false)!.text, /markers/);
    const empty = renderGraph(new Map());
    writeFileSync(path, `# Title\n\n${empty}\n\nText behind.\n`);
    assert.match(checkGraph(root, graph, false)!.text, /npm run layers/);
    assert.equal(checkGraph(root, graph, true), null);
    assert.equal(checkGraph(root, graph, false), null);
    assert.equal(readFileSync(path, 'utf8'), `# Title\n\n${graph}\n\nText behind.\n`);
  } finally {
    rmSync(root, { recursive: true });
  }
});
