// Several files to one configuration. Lists are joined in the order of the files, sections of named
// things are joined by name, everything else may be written once. What two files both define is an
// error that names both places: which of them would win is nothing to rely on.

import { formatLocation, type SourceLocation } from '../base/errors.ts';
import type { ConfigIssue } from './config_issue.ts';
import { type ConfigPart, partIssue } from './config_part.ts';
import type { IssueDraft } from './issue_draft.ts';
import type { KeyPath } from './key_path.ts';
import type { Positions } from './positions.ts';
import { isObject } from './schema_shapes.ts';

export interface MergedConfig {
  readonly data: unknown;
  readonly positions: Positions;
  /** What the parts could not read; paths are those of the whole. */
  readonly drafts: readonly IssueDraft[];
  readonly issues: readonly ConfigIssue[];
}

/** Sections whose keys may come from several files. */
const SECTIONS: ReadonlySet<string> = new Set(['upstreams', 'errorPages', 'timeouts', 'limits']);
/** Lists whose items may. */
const LISTS: ReadonlySet<string> = new Set(['listeners', 'routes', 'middleware', 'trustedProxies']);

/** Where the value of a top-level key comes from. */
type Origin =
  | { readonly kind: 'part'; readonly part: ConfigPart }
  | { readonly kind: 'section'; readonly parts: Map<string, ConfigPart> }
  | { readonly kind: 'list'; readonly pieces: ListPiece[] };

/** Items of one file, from the index `start` of the whole list on. */
interface ListPiece {
  readonly part: ConfigPart;
  readonly start: number;
}

/** Merges `parts`, of which there is at least one. */
export function mergeParts(parts: readonly ConfigPart[]): MergedConfig {
  const [first] = parts;
  if (parts.length === 1) {
    return {
      data: first!.data,
      positions: new MergedPositions(first!, new Map()),
      drafts: first!.drafts,
      issues: [],
    };
  }
  const merger = new Merger();
  for (const part of parts) merger.add(part);
  const positions = new MergedPositions(first!, merger.origins);
  const drafts = parts.flatMap((part) =>
    part.drafts.map((draft) => ({ ...draft, path: positions.pathInWhole(part, draft.path) })),
  );
  return { data: Object.fromEntries(merger.data), positions, drafts, issues: merger.issues };
}

class Merger {
  readonly data = new Map<string, unknown>();
  readonly origins = new Map<string, Origin>();
  readonly issues: ConfigIssue[] = [];

  add(part: ConfigPart): void {
    if (!isObject(part.data)) return; // the named file: the schema says so
    for (const [key, value] of Object.entries(part.data)) {
      if (value !== undefined) this.#addKey(part, key, value);
    }
  }

  #addKey(part: ConfigPart, key: string, value: unknown): void {
    if (LISTS.has(key) && Array.isArray(value)) this.#addList(part, key, value);
    else if (SECTIONS.has(key) && isObject(value)) this.#addSection(part, key, value);
    else if (this.origins.has(key)) this.#refuse(part, [key], this.#firstOf(key));
    else {
      this.data.set(key, value);
      this.origins.set(key, { kind: 'part', part });
    }
  }

  #addList(part: ConfigPart, key: string, value: readonly unknown[]): void {
    const origin = this.origins.get(key);
    if (origin === undefined) {
      this.data.set(key, [...value]);
      this.origins.set(key, { kind: 'list', pieces: [{ part, start: 0 }] });
    } else if (origin.kind === 'list') {
      const list = this.data.get(key) as unknown[];
      origin.pieces.push({ part, start: list.length });
      for (const item of value) list.push(item);
    } else this.#refuse(part, [key], this.#firstOf(key));
  }

  #addSection(part: ConfigPart, key: string, value: Readonly<Record<string, unknown>>): void {
    const origin = this.origins.get(key);
    if (origin === undefined) {
      // A copy, into which names of other files may come.
      this.data.set(key, Object.fromEntries(Object.entries(value)));
      const names = Object.keys(value).map((name) => [name, part] as const);
      this.origins.set(key, { kind: 'section', parts: new Map(names) });
      return;
    }
    if (origin.kind !== 'section') {
      this.#refuse(part, [key], this.#firstOf(key));
      return;
    }
    const section = this.data.get(key) as Record<string, unknown>;
    for (const [name, inner] of Object.entries(value)) {
      const before = origin.parts.get(name);
      if (before !== undefined) this.#refuse(part, [key, name], before);
      else {
        origin.parts.set(name, part);
        const property = { value: inner, enumerable: true, configurable: true, writable: true };
        Object.defineProperty(section, name, property);
      }
    }
  }

  #firstOf(key: string): ConfigPart {
    const origin = this.origins.get(key)!;
    if (origin.kind === 'part') return origin.part;
    if (origin.kind === 'list') return origin.pieces[0]!.part;
    return origin.parts.values().next().value!;
  }

  #refuse(part: ConfigPart, path: KeyPath, before: ConfigPart): void {
    const place = formatLocation({ file: before.file, ...before.positions.locate(path, 'key') });
    const wanted = `it in one place only; it is written at ${place}, too`;
    this.issues.push(
      partIssue(part, path, { code: 'ZP_CONFIG_DUPLICATE', at: 'key', value: path.at(-1), wanted }),
    );
  }
}

class MergedPositions implements Positions {
  readonly #first: ConfigPart;
  readonly #origins: ReadonlyMap<string, Origin>;

  constructor(first: ConfigPart, origins: ReadonlyMap<string, Origin>) {
    this.#first = first;
    this.#origins = origins;
  }

  locate(path: KeyPath, at: 'key' | 'value'): SourceLocation {
    const { part, path: inner } = this.#partOf(path);
    const position = part.positions.locate(inner, at);
    return position === null ? { file: part.file } : { file: part.file, ...position };
  }

  folderOf(path: KeyPath): string {
    return this.#partOf(path).part.folder;
  }

  pathInFile(path: KeyPath): KeyPath {
    return this.#partOf(path).path;
  }

  /** The reverse of `pathInFile`. */
  pathInWhole(part: ConfigPart, path: KeyPath): KeyPath {
    const [key, index, ...rest] = path;
    const origin = this.#origins.get(String(key));
    if (origin?.kind !== 'list' || typeof index !== 'number') return path;
    const piece = origin.pieces.find((candidate) => candidate.part === part);
    return piece === undefined ? path : [key!, piece.start + index, ...rest];
  }

  #partOf(path: KeyPath): { readonly part: ConfigPart; readonly path: KeyPath } {
    const [key, inner, ...rest] = path;
    const origin = key === undefined ? undefined : this.#origins.get(String(key));
    if (origin === undefined) return { part: this.#first, path };
    switch (origin.kind) {
      case 'part':
        return { part: origin.part, path };
      case 'section': {
        const [any] = origin.parts.values();
        return { part: origin.parts.get(String(inner)) ?? any ?? this.#first, path };
      }
      case 'list': {
        const piece = pieceAt(origin.pieces, typeof inner === 'number' ? inner : 0);
        if (typeof inner !== 'number') return { part: piece.part, path };
        return { part: piece.part, path: [key!, inner - piece.start, ...rest] };
      }
    }
  }
}

/** The piece that holds an item: the last one that begins at it or before. */
function pieceAt(pieces: readonly ListPiece[], index: number): ListPiece {
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (pieces[middle]!.start <= index) low = middle;
    else high = middle - 1;
  }
  return pieces[low]!;
}
