// Positions inside a YAML document, from the ranges of its nodes. Aliases are followed.

import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { KeyPath } from './key_path.ts';
import { type Position, type Positions, positionOf } from './positions.ts';

export class YamlPositions implements Positions {
  readonly #text: string;
  readonly #document: Document.Parsed;

  constructor(text: string, document: Document.Parsed) {
    this.#text = text;
    this.#document = document;
  }

  locate(path: KeyPath, at: 'key' | 'value'): Position | null {
    let node: unknown = this.#document.contents;
    let offset = offsetOf(node) ?? 0;
    for (const [depth, key] of path.entries()) {
      const found = this.#child(node, key);
      if (found === null) break;
      const isWanted = at === 'key' && depth === path.length - 1;
      const shown = isWanted || found.value === null ? found.key : found.value;
      offset = offsetOf(shown) ?? offset;
      node = found.value;
    }
    return positionOf(this.#text, offset);
  }

  #child(parent: unknown, key: string | number): { key: unknown; value: unknown } | null {
    const node = isAlias(parent) ? parent.resolve(this.#document) : parent;
    if (isSeq(node)) {
      const item = node.items[Number(key)];
      return item === undefined ? null : { key: item, value: item };
    }
    if (!isMap(node)) return null;
    const pair = node.items.find((item: Pair) => nameOf(item.key) === String(key));
    return pair === undefined ? null : { key: pair.key, value: pair.value ?? null };
  }
}

function nameOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function offsetOf(node: unknown): number | null {
  return (node as Node | null)?.range?.[0] ?? null;
}
