// Holds the imports of src to the table in layers.ts, and keeps the graph in ARCHITECTURE.md true.
//
//   node tools/check_layers.ts            fails with a line per breach
//   node tools/check_layers.ts --write    writes the graph, then checks
//
// Unit tests (`*_test.ts`) may reach any layer and tests/; nothing else may reach a test.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import { DATA_PATH_LAYERS, FFI_LAYER, LAYERS } from './layers.ts';
import { isSource, isTest, readTextFiles, type TextFile } from './source_tree.ts';
import { type ImportSite, parseFile } from './syntax.ts';
import { reportViolations, type Violation } from './violation.ts';

/** The rules; each has a fixture under tools/fixtures/layers that breaks it and nothing else. */
export const LAYER_RULES = [
  'unknown-layer',
  'upward-import',
  'ffi-outside-sys',
  'package-on-data-path',
  'undeclared-package',
  'source-imports-test',
  'import-outside-src',
  'import-of-barrel',
] as const;

const BEGIN = '<!-- layers:begin (written by `npm run layers`) -->';
const END = '<!-- layers:end -->';
const GRAPH_FILE = 'ARCHITECTURE.md';

/** What `checkLayers` found: breaches, and the edges between layers that the code has. */
export interface LayerReport {
  readonly violations: readonly Violation[];
  /** `layer -> layers that it imports now`. */
  readonly edges: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Checks the imports of all files under `root`/src. */
export function checkLayers(root: string): LayerReport {
  const violations: Violation[] = [];
  const edges = new Map<string, Set<string>>();
  const packages = declaredPackages(root);
  for (const file of readTextFiles(root)) {
    if (!file.path.startsWith('src/') || !isSource(file.path)) continue;
    const layer = layerOf(file.path);
    if (layer !== '' && !LAYERS.some((known) => known.name === layer)) {
      violations.push({
        path: file.path,
        line: 0,
        rule: 'unknown-layer',
        text: `the folder src/${layer} is not in tools/layers.ts`,
      });
      continue;
    }
    for (const site of parseFile(file.path, file.text).imports) {
      const found = checkImport(file, layer, site, packages, edges);
      if (found !== null) violations.push(found);
    }
  }
  return { violations, edges };
}

/** The graph as Markdown: a picture of what imports what now, and the table of what may. */
export function renderGraph(edges: ReadonlyMap<string, ReadonlySet<string>>): string {
  const lines = [BEGIN, '', '```mermaid', 'graph TD'];
  for (const { name } of LAYERS.toReversed()) {
    for (const target of reducedTargets(name, edges)) lines.push(`  ${name} --> ${target}`);
  }
  lines.push('```', '', '| layer | may import | holds |', '|---|---|---|');
  for (const layer of LAYERS) {
    if (!edges.has(layer.name)) continue;
    const allowed = layer.mayImport.filter((name) => edges.has(name)).join(', ');
    lines.push(`| \`${layer.name}\` | ${allowed || '-'} | ${layer.holds} |`);
  }
  lines.push('', END);
  return lines.join('\n');
}

/** The layer of a path under src; '' for the files directly in src. */
function layerOf(path: string): string {
  const parts = path.split('/');
  return parts.length > 2 ? parts[1]! : '';
}

function checkImport(
  file: TextFile,
  layer: string,
  site: ImportSite,
  packages: ReadonlySet<string>,
  edges: Map<string, Set<string>>,
): Violation | null {
  const breach = (rule: (typeof LAYER_RULES)[number], text: string): Violation => ({
    path: file.path,
    line: site.line,
    rule,
    text,
  });
  const { specifier } = site;
  const inTest = isTest(file.path);
  if (!specifier.startsWith('.')) {
    if (inTest) return null;
    if (specifier === 'node:ffi' && layer !== FFI_LAYER) {
      return breach('ffi-outside-sys', `only ${FFI_LAYER} imports node:ffi`);
    }
    if (isBuiltin(specifier)) return null;
    if (DATA_PATH_LAYERS.includes(layer)) {
      return breach('package-on-data-path', `${layer} imports the package ${specifier}`);
    }
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
    if (packages.has(name)) return null;
    return breach('undeclared-package', `${name} is not in the dependencies of package.json`);
  }
  const target = posix.join(posix.dirname(file.path), specifier);
  if (inTest) return null;
  if (isTest(target)) return breach('source-imports-test', `${specifier} is a test`);
  if (!target.startsWith('src/')) return breach('import-outside-src', `${specifier} is not in src`);
  const targetLayer = layerOf(target);
  if (layer === '') return null;
  if (targetLayer === '') {
    return breach('import-of-barrel', `${specifier}: src/index.ts is for users only`);
  }
  note(edges, layer, targetLayer);
  const allowed = LAYERS.find((known) => known.name === layer)!.mayImport;
  if (targetLayer === layer || allowed.includes(targetLayer)) return null;
  return breach('upward-import', `${layer} may not import ${targetLayer} (${specifier})`);
}

function note(edges: Map<string, Set<string>>, from: string, to: string): void {
  if (!edges.has(from)) edges.set(from, new Set());
  if (!edges.has(to)) edges.set(to, new Set());
  if (from !== to) edges.get(from)!.add(to);
}

/** Direct targets that cannot be reached through another one: the picture stays readable. */
function reducedTargets(
  from: string,
  edges: ReadonlyMap<string, ReadonlySet<string>>,
): readonly string[] {
  const direct = [...(edges.get(from) ?? [])];
  return direct
    .filter((target) => !direct.some((other) => other !== target && reaches(other, target, edges)))
    .sort();
}

function reaches(
  from: string,
  target: string,
  edges: ReadonlyMap<string, ReadonlySet<string>>,
): boolean {
  for (const next of edges.get(from) ?? []) {
    if (next === target || reaches(next, target, edges)) return true;
  }
  return false;
}

function declaredPackages(root: string): ReadonlySet<string> {
  const path = join(root, 'package.json');
  if (!existsSync(path)) return new Set();
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  return new Set(Object.keys(manifest.dependencies ?? {}));
}

/** Compares the graph in ARCHITECTURE.md with `graph`, or writes it there. */
export function checkGraph(root: string, graph: string, write: boolean): Violation | null {
  const path = join(root, GRAPH_FILE);
  const stale = (text: string): Violation => ({
    path: GRAPH_FILE,
    line: 0,
    rule: 'graph-out-of-date',
    text,
  });
  if (!existsSync(path)) return stale('the file is missing');
  const text = readFileSync(path, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) return stale(`the markers ${BEGIN} and ${END} are missing`);
  const updated = text.slice(0, begin) + graph + text.slice(end + END.length);
  if (updated === text) return null;
  if (!write) return stale('run `npm run layers`');
  writeFileSync(path, updated);
  return null;
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  const report = checkLayers(root);
  const graphBreach =
    report.violations.length > 0
      ? null
      : checkGraph(root, renderGraph(report.edges), process.argv.includes('--write'));
  reportViolations(graphBreach === null ? report.violations : [...report.violations, graphBreach]);
}
