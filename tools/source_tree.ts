// Which files of the repository the checks look at. The tree is walked instead of asking git, so
// that the checks also run in an unpacked archive; what git ignores is skipped by name.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDERS_SKIPPED: ReadonlySet<string> = new Set([
  '.git',
  'node_modules',
  'dist',
  '.cache',
  'fixtures',
]);
const PATHS_SKIPPED: ReadonlySet<string> = new Set(['bench/results/local']);
const TEXT_FILE = /(^|\/)[^/.]+$|\.(ts|js|mjs|json|md|yaml|yml|conf|cfg|lua|sh|html|txt|npmrc)$/;

/** A text file: `path` is relative to the root, with forward slashes. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** All text files below `root`, in the order of their paths. */
export function readTextFiles(root: string): TextFile[] {
  const paths: string[] = [];
  collect(root, '', paths);
  return paths
    .filter((path) => TEXT_FILE.test(path))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** Whether a path is source that is parsed and held to the rules of style. */
export function isSource(path: string): boolean {
  return /\.(ts|js|mjs)$/.test(path);
}

/**
 * Whether a path is a test, or part of a suite that several tests share (`NAME_suite/`): the rules
 * of the data path do not hold for it.
 */
export function isTest(path: string): boolean {
  return path.endsWith('_test.ts') || path.startsWith('tests/') || /_suite\//.test(path);
}

function collect(root: string, folder: string, paths: string[]): void {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (FOLDERS_SKIPPED.has(entry.name) || PATHS_SKIPPED.has(path)) continue;
      collect(root, path, paths);
    } else if (entry.isFile()) {
      paths.push(path);
    }
  }
}
