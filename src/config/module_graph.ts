// Which modules of the user's this process has loaded, and which imported which: what is code (a
// change of it needs new workers) and what `watch` looks at. Also makes `import ... from 'zproxy'`
// mean the ZProxy that runs, wherever the importing file lies, and never another version that is
// installed beside it.

import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { IS_CHECKOUT, packageRoot } from './package_root.ts';
import type { SnapshotCode } from './snapshot.ts';

/** Importing module to the modules that it imports: URLs without query. */
type Imports = Map<string, Set<string>>;

/** One per process: the package is several bundles, which follow the same imports. */
const TABLE: unique symbol = Symbol.for('zproxy.imports') as never;
const holder = globalThis as { [TABLE]?: Imports };

/** Begins to follow imports, in this process and for good. Idempotent. */
export function followImports(): void {
  if (holder[TABLE] !== undefined) return;
  const imports: Imports = new Map();
  holder[TABLE] = imports;
  const root = packageRoot();
  const { href: self } = new URL(IS_CHECKOUT ? 'src/index.ts' : 'dist/index.js', root);
  const own = ['src/', 'dist/'].map((folder) => new URL(folder, root).href);
  registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier === 'zproxy') return { url: self, shortCircuit: true };
      const resolved = next(specifier, context);
      const from = context.parentURL === undefined ? '' : withoutQuery(context.parentURL);
      const to = withoutQuery(resolved.url);
      const isOurs = own.some((folder) => from.startsWith(folder) || to.startsWith(folder));
      if (to.startsWith('file:') && !isOurs) edgesOf(imports, from).add(to);
      return resolved;
    },
  });
}

/** Real paths of `urls` and of all modules that they import, directly or not, but ZProxy's. */
export function filesBehind(urls: Iterable<string>): string[] {
  const seen = new Set<string>();
  const waiting = [...urls];
  for (let url = waiting.pop(); url !== undefined; url = waiting.pop()) {
    if (seen.has(url)) continue;
    seen.add(url);
    waiting.push(...(holder[TABLE]?.get(url) ?? []));
  }
  const paths = new Set([...seen].map((url) => realPath(fileURLToPath(url))));
  return [...paths].sort();
}

/** The code behind `urls`: its files and a hash over their names and contents. */
export function codeBehind(urls: Iterable<string>): SnapshotCode {
  const files = filesBehind(urls);
  if (files.length === 0) return { files, hash: '' };
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\0${contentHash(file)}\0`);
  return { files, hash: hash.digest('hex') };
}

function edgesOf(imports: Imports, url: string): Set<string> {
  let edges = imports.get(url);
  if (edges === undefined) {
    edges = new Set();
    imports.set(url, edges);
  }
  return edges;
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/, '');
}

function contentHash(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return ''; // Gone since it was loaded: the next reload says so.
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
