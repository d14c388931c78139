// Where values stand: in one text (read from YAML, JSON or a module), and in a configuration, which
// may be several files. Offsets become lines and columns only when somebody asks.

import type { SourceLocation } from '../base/errors.ts';
import type { KeyPath } from './key_path.ts';

/** Line and column, both from 1; the column counts UTF-16 units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Positions in one text. */
export interface TextPositions {
  /**
   * Where the value at `path` (or its key) stands; where that cannot be told (it is computed), the
   * nearest value around it that can. Null where nothing is known.
   */
  locate(path: KeyPath, at: 'key' | 'value'): Position | null;
}

/** Positions in a whole configuration, included files and all. Paths are those of the whole. */
export interface Positions {
  /** The file always, as messages show it; line and column as far as they are known. */
  locate(path: KeyPath, at: 'key' | 'value'): SourceLocation;
  /** Folder that a relative path in the value at `path` starts from: that of the file it is in. */
  folderOf(path: KeyPath): string;
  /** The path inside that file: the first route of an included file is its `routes[0]`. */
  pathInFile(path: KeyPath): KeyPath;
}

/** For a configuration that was never text. */
export const NO_POSITIONS: TextPositions = { locate: () => null };

/** The lines of a text, for the positions of many offsets. */
export class LineTable {
  readonly #text: string;
  /** Offsets at which lines begin; made at the first question. */
  #starts: number[] | null;

  constructor(text: string) {
    this.#text = text;
    this.#starts = null;
  }

  positionOf(offset: number): Position {
    this.#starts ??= lineStarts(this.#text);
    const starts = this.#starts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - starts[low]! + 1 };
  }
}

/** The position of an offset into `text`. */
export function positionOf(text: string, offset: number): Position {
  return new LineTable(text).positionOf(offset);
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return starts;
}
