// The paths of a route table as integers: built here, walked by route_table.ts. Paths without
// parameters lie in one index over whole paths; the others in a tree whose nodes are reached
// segment by segment.
//
//   node: | edges | first edge | texts | text start | text length | text's node | leaf | wildcard |
//     "edges" are segments with parameters, "texts" those without. A node's only text stands in it;
//     (node, text) -> node of all nodes with more are in one index. leaf and wildcard are lists
//   edge: | program | node | rank |     best rank first
//   group (of hosts): | root node, -1 | list of the routes for any path |
//
// A list is what is matched in one place: -1 for nothing, `entry << 1` of a single one, or
// `start << 1 | LIST_RUN` of a run of entries in `refs`, best first, that ends with -1.

import type { ByteIndexBuilder } from './byte_index.ts';
import { IntList } from './int_list.ts';
import { PairIndex } from './pair_index.ts';
import type { SegmentProgramBuilder } from './segment_program.ts';
import type { PathDraft, SegmentEntry } from './segment_table.ts';
import type { TextPool } from './text_pool.ts';

/** Offsets into a node, an edge and a group. */
export const NODE_STRIDE = 8;
export const NODE_EDGES_COUNT = 0;
export const NODE_EDGES_START = 1;
export const NODE_TEXTS_COUNT = 2;
export const NODE_TEXT_START = 3;
export const NODE_TEXT_LENGTH = 4;
export const NODE_TEXT_NODE = 5;
export const NODE_LEAF = 6;
export const NODE_WILDCARD = 7;
export const EDGE_STRIDE = 3;
export const EDGE_PROGRAM = 0;
export const EDGE_NODE = 1;
export const EDGE_RANK = 2;
export const GROUP_STRIDE = 2;
export const GROUP_ROOT = 0;
export const GROUP_ANY_PATH = 1;

export const LIST_NONE = -1;
export const LIST_RUN = 1;
export const REFS_END = -1;

/** A way from a node to another by a segment with parameters. */
interface DraftEdge {
  readonly parent: number;
  readonly segment: SegmentEntry;
  readonly child: number;
}

export class PathTreeBuilder {
  readonly refs: IntList = new IntList();
  readonly #pool: TextPool;
  readonly #programs: SegmentProgramBuilder;
  readonly #precedence: (entry: number) => number;
  // While it is drafted a list is -1, an entry, or -2 - an index into the runs.
  readonly #runs: number[][] = [];
  readonly #leaves = new IntList();
  readonly #wildcards = new IntList();
  readonly #children = new PairIndex();
  readonly #edges: DraftEdge[] = [];
  /** Those by a segment without parameters: parent, start and length of the text, child. */
  readonly #texts = new IntList();
  readonly #roots = new IntList();
  readonly #anyPaths = new IntList();
  readonly #paths: Map<string, number>[] = [];
  #hasEqualEdges = false;

  constructor(
    pool: TextPool,
    programs: SegmentProgramBuilder,
    precedence: (entry: number) => number,
  ) {
    this.#pool = pool;
    this.#programs = programs;
    this.#precedence = precedence;
  }

  addGroup(): number {
    this.#roots.push(-1);
    this.#paths.push(new Map());
    return this.#anyPaths.push(LIST_NONE);
  }

  addAnyPath(group: number, entry: number): void {
    this.#addTo(this.#anyPaths, group, entry);
  }

  /** A path without parameters. */
  addPath(group: number, path: string, entry: number): void {
    const paths = this.#paths[group]!;
    paths.set(path, this.#joined(paths.get(path) ?? LIST_NONE, entry));
  }

  addDraft(group: number, draft: PathDraft, entry: number): void {
    let node = this.#roots.at(group);
    if (node < 0) {
      node = this.#addNode();
      this.#roots.set(group, node);
    }
    for (const segment of draft.segments) node = this.#childOf(node, segment);
    this.#addTo(draft.wildcard === '' ? this.#leaves : this.#wildcards, node, entry);
  }

  /** Lays out everything; `paths` receives those without parameters, `texts` the segments. */
  build(paths: ByteIndexBuilder, texts: ByteIndexBuilder): PathTree {
    const nodes = new Int32Array(this.#leaves.length * NODE_STRIDE);
    for (let node = 0; node < this.#leaves.length; node++) {
      nodes[node * NODE_STRIDE + NODE_LEAF] = this.#list(this.#leaves.at(node));
      nodes[node * NODE_STRIDE + NODE_WILDCARD] = this.#list(this.#wildcards.at(node));
    }
    this.#buildTexts(nodes, texts);
    const edges = this.#buildEdges(nodes);
    const groups = new Int32Array(this.#roots.length * GROUP_STRIDE);
    for (let group = 0; group < this.#roots.length; group++) {
      groups[group * GROUP_STRIDE + GROUP_ROOT] = this.#roots.at(group);
      groups[group * GROUP_STRIDE + GROUP_ANY_PATH] = this.#list(this.#anyPaths.at(group));
      for (const [path, list] of this.#paths[group]!) {
        const start = this.#pool.append(path);
        paths.add(group, start, path.length, this.#list(list));
      }
    }
    return { nodes, edges, groups, hasEqualEdges: this.#hasEqualEdges };
  }

  #buildTexts(nodes: Int32Array, index: ByteIndexBuilder): void {
    const texts = this.#texts;
    for (let i = 0; i < texts.length; i += 4) {
      nodes[texts.at(i) * NODE_STRIDE + NODE_TEXTS_COUNT]! += 1;
    }
    for (let i = 0; i < texts.length; i += 4) {
      const at = texts.at(i) * NODE_STRIDE;
      if (nodes[at + NODE_TEXTS_COUNT]! > 1) {
        index.add(texts.at(i), texts.at(i + 1), texts.at(i + 2), texts.at(i + 3));
        continue;
      }
      nodes[at + NODE_TEXT_START] = texts.at(i + 1);
      nodes[at + NODE_TEXT_LENGTH] = texts.at(i + 2);
      nodes[at + NODE_TEXT_NODE] = texts.at(i + 3);
    }
  }

  #buildEdges(nodes: Int32Array): Int32Array {
    const edges = this.#edges.toSorted(
      (a, b) => a.parent - b.parent || a.segment.rank - b.segment.rank,
    );
    const code = new Int32Array(edges.length * EDGE_STRIDE);
    edges.forEach(({ parent, segment, child }, index) => {
      const at = parent * NODE_STRIDE;
      if (nodes[at + NODE_EDGES_COUNT] === 0) nodes[at + NODE_EDGES_START] = index;
      else if (edges[index - 1]!.segment.rank === segment.rank) this.#hasEqualEdges = true;
      nodes[at + NODE_EDGES_COUNT]! += 1;
      code[index * EDGE_STRIDE + EDGE_PROGRAM] = this.#programs.add(segment.segment);
      code[index * EDGE_STRIDE + EDGE_NODE] = child;
      code[index * EDGE_STRIDE + EDGE_RANK] = segment.rank;
    });
    return code;
  }

  #childOf(node: number, segment: SegmentEntry): number {
    const known = this.#children.get(node, segment.id);
    if (known >= 0) return known;
    const child = this.#addNode();
    this.#children.set(node, segment.id, child);
    if (segment.names.length > 0) {
      this.#edges.push({ parent: node, segment, child });
      return child;
    }
    this.#texts.push(node);
    this.#texts.push(this.#pool.add(segment.text));
    this.#texts.push(segment.text.length);
    this.#texts.push(child);
    return child;
  }

  #addNode(): number {
    this.#wildcards.push(LIST_NONE);
    return this.#leaves.push(LIST_NONE);
  }

  #addTo(lists: IntList, index: number, entry: number): void {
    lists.set(index, this.#joined(lists.at(index), entry));
  }

  #joined(list: number, entry: number): number {
    if (list === LIST_NONE) return entry;
    if (list >= 0) return -1 - this.#runs.push([list, entry]);
    this.#runs[-2 - list]!.push(entry);
    return list;
  }

  /** A drafted list as it is in the table. */
  #list(list: number): number {
    if (list === LIST_NONE) return LIST_NONE;
    if (list >= 0) return list << 1;
    const entries = this.#runs[-2 - list]!;
    entries.sort((a, b) => this.#precedence(a) - this.#precedence(b));
    const start = this.refs.length;
    for (const entry of entries) this.refs.push(entry);
    this.refs.push(REFS_END);
    return (start << 1) | LIST_RUN;
  }
}

export interface PathTree {
  /** From some node edges of equal rank go out. */
  readonly hasEqualEdges: boolean;
  readonly nodes: Int32Array;
  readonly edges: Int32Array;
  readonly groups: Int32Array;
}
