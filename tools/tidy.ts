// The rules of style that a program can check: sizes, header comments, names, what may not stand on
// the data path, and what may not stand in a repository at all.
//
//   node tools/tidy.ts     fails with a line per breach

import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { DATA_PATH_LAYERS } from './layers.ts';
import { isSource, isTest, readTextFiles, type TextFile } from './source_tree.ts';
import { parseFile, type SyntaxFile, type SyntaxNode, visit } from './syntax.ts';
import { DATA_PATH_OWNERS, type OwnerEntry } from './tidy_owners.ts';
import { reportViolations, type Violation } from './violation.ts';

const FILE_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 70;
const LINE_COLUMNS_MAX = 100;
const NAMES_BANNED = /(^|_)(utils?|helpers?|common|misc|managers?)(_|\.|$)/;
/** Names that may not be used from `base` to `proxy`, outside of the files in tidy_owners.ts. */
const DATA_PATH_BANNED: ReadonlySet<string> = new Set([
  'Promise',
  'JSON',
  'Date',
  'setTimeout',
  'setInterval',
  'console',
  'Buffer',
]);
// The patterns for every text file are put together from parts, so that they do not match
// themselves.
const REMINDER = new RegExp(
  `\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b(?!\\s*\\(?#\\d)`,
);
/** Folders of one machine. */
const MACHINE_PATH = new RegExp(['/wo' + 'rk/', '/ro' + 'ot/', '/ho' + 'me/[a-z]'].join('|'));
/** Addresses of package registries; a lock file names none. */
const REGISTRY = new RegExp(
  [
    'registry\\.npm' + 'js',
    'registry\\.yarn' + 'pkg',
    'deb\\.deb' + 'ian\\.org',
    '"reso' + 'lved":',
  ].join('|'),
);

/** Checks the tree under `root`. */
export function checkTidy(
  root: string,
  owners: readonly OwnerEntry[] = DATA_PATH_OWNERS,
): Violation[] {
  const violations: Violation[] = [];
  const used = new Set<string>();
  for (const file of readTextFiles(root)) {
    violations.push(...checkText(file), ...checkLinks(root, file));
    if (isSource(file.path)) violations.push(...checkSource(file, owners, used));
  }
  for (const owner of owners) {
    for (const name of owner.names) {
      if (used.has(`${owner.path} ${name}`)) continue;
      violations.push(found(owner.path, 0, 'owner-unused', `it no longer uses ${name}: drop it`));
    }
  }
  return violations;
}

/** What holds for every text file. */
export function checkText(file: TextFile): Violation[] {
  const violations: Violation[] = [];
  const add = (line: number, rule: string, text: string): void => {
    violations.push(found(file.path, line, rule, text));
  };
  const name = file.path.slice(file.path.lastIndexOf('/') + 1);
  if (NAMES_BANNED.test(name)) add(0, 'file-name', 'name a file after what it exports');
  const lines = file.text.split('\n');
  lines.forEach((line, index) => {
    if (MACHINE_PATH.test(line)) add(index + 1, 'machine-path', 'a path of one machine');
    if (REGISTRY.test(line)) add(index + 1, 'registry-address', 'the address of a registry');
    if (REMINDER.test(line))
      add(index + 1, 'reminder-without-issue', 'write the number of its issue: #N');
  });
  return violations;
}

/** Links of Markdown pages, and pages that comments refer to, lead somewhere. */
export function checkLinks(root: string, file: TextFile): Violation[] {
  const violations: Violation[] = [];
  file.text.split('\n').forEach((line, index) => {
    const targets = file.path.endsWith('.md')
      ? [...line.matchAll(/\]\((?!\w+:|#)([^)#]+)/g)].map((match) => [
          posix.dirname(file.path),
          match[1]!,
        ])
      : [...line.matchAll(/\b(docs\/[\w/]+\.md)\b/g)].map((match) => ['', match[1]!]);
    for (const target of targets) {
      if (existsSync(join(root, ...target))) continue;
      violations.push(found(file.path, index + 1, 'broken-link', target[1]!));
    }
  });
  return violations;
}

/** What holds for source files; notes in `used` which owner entries were needed. */
export function checkSource(
  file: TextFile,
  owners: readonly OwnerEntry[],
  used: Set<string>,
): Violation[] {
  const violations: Violation[] = [];
  const add = (line: number, rule: string, text: string): void => {
    violations.push(found(file.path, line, rule, text));
  };
  const lines = file.text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (lines.length > FILE_LINES_MAX) add(0, 'file-length', `${lines.length} lines`);
  const first = lines[0]?.startsWith('#!') ? lines[1] : lines[0];
  // A unit test says in its name what it tests.
  const isUnitTest = file.path.startsWith('src/') && file.path.endsWith('_test.ts');
  if (!isUnitTest && (first === undefined || !/^(\/\/|\/\*)/.test(first))) {
    add(1, 'header-comment', 'say at the top what this file is');
  }
  lines.forEach((line, index) => {
    if (line.length > LINE_COLUMNS_MAX && !/https?:\/\//.test(line)) {
      add(index + 1, 'line-length', `${line.length} columns`);
    }
  });
  const syntax = parseFile(file.path, file.text);
  checkFunctions(syntax, add);
  if (isOnDataPath(file.path)) checkDataPath(file.path, syntax, owners, used, add);
  return violations;
}

type Add = (line: number, rule: string, text: string) => void;

const FUNCTIONS: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
]);

function checkFunctions(syntax: SyntaxFile, add: Add): void {
  visit(syntax.program, (node, parents) => {
    if (!FUNCTIONS.has(node.type) || isGroupOfTests(parents.at(-1))) return;
    const line = syntax.lineOf(node.start);
    const count = syntax.lineOf(node.end) - line + 1;
    if (count > FUNCTION_LINES_MAX) add(line, 'function-length', `${count} lines`);
  });
}

/** `describe(name, () => ...)`: a list of tests, not a function to be read in one go. */
function isGroupOfTests(parent: SyntaxNode | undefined): boolean {
  if (parent?.type !== 'CallExpression') return false;
  const { callee } = parent as SyntaxNode & { callee: { name?: string } };
  return callee.name === 'describe' || callee.name === 'suite';
}

function isOnDataPath(path: string): boolean {
  const [top, layer] = path.split('/');
  return top === 'src' && !isTest(path) && DATA_PATH_LAYERS.includes(layer ?? '');
}

function checkDataPath(
  path: string,
  syntax: SyntaxFile,
  owners: readonly OwnerEntry[],
  used: Set<string>,
  add: Add,
): void {
  const owned = owners.filter((owner) => owner.path === path).flatMap((owner) => owner.names);
  visit(syntax.program, (node, parents) => {
    const name = bannedName(node, parents.at(-1));
    if (name === '') return;
    if (owned.includes(name)) used.add(`${path} ${name}`);
    else add(syntax.lineOf(node.start), 'data-path', `${name} (owners: tools/tidy_owners.ts)`);
  });
}

/** What a node uses of the banned things; '' for nothing. */
function bannedName(node: SyntaxNode, parent: SyntaxNode | undefined): string {
  if (node.type === 'AwaitExpression') return 'Promise';
  if (FUNCTIONS.has(node.type) && (node as { async?: boolean }).async === true) return 'Promise';
  if (node.type !== 'Identifier') return '';
  const { name } = node as SyntaxNode & { name: string };
  if (!DATA_PATH_BANNED.has(name) || isPropertyName(node, parent)) return '';
  return name;
}

/** `x.Date`, `{ Date: 1 }`: a name of something else. */
function isPropertyName(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  const around = parent as
    | (SyntaxNode & { property?: unknown; key?: unknown; computed?: boolean; shorthand?: boolean })
    | undefined;
  if (around === undefined || around.computed === true || around.shorthand === true) return false;
  return around.property === node || around.key === node;
}

function found(path: string, line: number, rule: string, text: string): Violation {
  return { path, line, rule, text };
}

if (import.meta.main) reportViolations(checkTidy(join(import.meta.dirname, '..')));
