// What the checks need to know of a source file's syntax: imports, functions, comments,
// identifiers. The parser is oxc's, because TypeScript 7 offers no compiler API.

import { type Comment, type Program, parseSync } from 'oxc-parser';

/** One import of any kind (`import`, `export from`, `import()`, `import type`) and its line. */
export interface ImportSite {
  readonly specifier: string;
  readonly line: number;
}

/** A node of the syntax tree, as far as the checks look at it. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** A parsed file. */
export interface SyntaxFile {
  readonly program: Program;
  readonly comments: readonly Comment[];
  readonly imports: readonly ImportSite[];
  /** The line, from 1, of an offset. */
  lineOf(offset: number): number;
}

/** Parses a file; throws with its first error where it is not TypeScript. */
export function parseFile(path: string, text: string): SyntaxFile {
  const result = parseSync(path, text);
  const first = result.errors[0];
  if (first !== undefined) throw new SyntaxError(`${path}: ${first.message}`);
  const lineOf = lineFinder(text);
  const imports: ImportSite[] = [];
  visit(result.program, (node) => {
    const specifier = specifierOf(node);
    if (specifier !== null) imports.push({ specifier, line: lineOf(node.start) });
  });
  return { program: result.program, comments: result.comments, imports, lineOf };
}

/** Calls `onNode` for each node with its parents (nearest last), parents before children. */
export function visit(
  root: unknown,
  onNode: (node: SyntaxNode, parents: readonly SyntaxNode[]) => void,
): void {
  walk(root, [], onNode);
}

function walk(
  value: unknown,
  parents: SyntaxNode[],
  onNode: (node: SyntaxNode, parents: readonly SyntaxNode[]) => void,
): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, parents, onNode);
    return;
  }
  if (!isNode(value)) return;
  onNode(value, parents);
  parents.push(value);
  for (const child of Object.values(value)) {
    if (typeof child === 'object' && child !== null) walk(child, parents, onNode);
  }
  parents.pop();
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

const IMPORTING: ReadonlySet<string> = new Set([
  'ImportDeclaration',
  'ExportAllDeclaration',
  'ExportNamedDeclaration',
  'ImportExpression',
  'TSImportType',
]);

function specifierOf(node: SyntaxNode): string | null {
  if (!IMPORTING.has(node.type)) return null;
  const source = (node as { source?: { value?: unknown } | null }).source;
  return typeof source?.value === 'string' ? source.value : null;
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
