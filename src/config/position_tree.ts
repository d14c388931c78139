// Where the values of a YAML or JSON text start, in the shape of the values: made while the text
// is read, looked into when a message or a snapshot needs a place. Single values are just numbers:
// there are hundreds of thousands of them.

import type { KeyPath } from './key_path.ts';
import { LineTable, type Position, type TextPositions } from './positions.ts';

/** The offset of a single value, or a collection. */
export type PlaceNode = number | PlaceCollection;

/** A list, or an object whose `names` are the keys of its `values`. */
export class PlaceCollection {
  readonly start: number;
  /** Null for a list. */
  readonly names: string[] | null;
  readonly keyStarts: number[];
  readonly values: PlaceNode[];
  #indexes: ReadonlyMap<string, number> | null;

  constructor(start: number, isList: boolean) {
    this.start = start;
    this.names = isList ? null : [];
    this.keyStarts = [];
    this.values = [];
    this.#indexes = null;
  }

  indexOf(key: string | number): number {
    if (this.names === null) return Number(key);
    this.#indexes ??= new Map(this.names.map((name, index) => [name, index]));
    return this.#indexes.get(String(key)) ?? -1;
  }
}

/** The offset of a node. */
export function startOf(node: PlaceNode): number {
  return typeof node === 'number' ? node : node.start;
}

export class PositionTree implements TextPositions {
  readonly #lines: LineTable;
  readonly #root: PlaceNode;

  constructor(text: string, root: PlaceNode) {
    this.#lines = new LineTable(text);
    this.#root = root;
  }

  locate(path: KeyPath, at: 'key' | 'value'): Position | null {
    let node = this.#root;
    let offset = startOf(node);
    for (const [depth, key] of path.entries()) {
      if (typeof node === 'number') break;
      const index = node.indexOf(key);
      const value = node.values[index];
      if (value === undefined) break;
      const isKey = at === 'key' && depth === path.length - 1 && node.names !== null;
      offset = isKey ? node.keyStarts[index]! : startOf(value);
      node = value;
    }
    return this.#lines.positionOf(offset);
  }
}
