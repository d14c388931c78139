// Where in a file a value stands. One implementation reads YAML nodes, another object literals of
// JavaScript, TypeScript (types blanked out) and JSON.

import type { KeyPath } from './key_path.ts';

/** Line and column, both from 1; the column counts UTF-16 units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Positions {
  /**
   * Where the value at `path` (or its key) stands; where that cannot be told (it is computed), the
   * nearest value around it that can. Null where nothing is known.
   */
  locate(path: KeyPath, at: 'key' | 'value'): Position | null;
}

/** For a configuration that was never text. */
export const NO_POSITIONS: Positions = { locate: () => null };

/** The position of an offset into `text`. */
export function positionOf(text: string, offset: number): Position {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  let line = 1;
  for (let i = text.indexOf('\n'); i >= 0 && i < lineStart; i = text.indexOf('\n', i + 1)) line++;
  return { line, column: offset - lineStart + 1 };
}
