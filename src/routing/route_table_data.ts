// A compiled route table as plain data: typed arrays and short lists of strings, so that it crosses
// to workers by structured clone at the price of a copy, and a worker under load has nothing to
// compile. Made where the configuration is checked; route_table.ts asks it.
//
//   entry: | route | methods | first token | tokens | first condition | conditions | names | 0 |
//     an entry is one route with one of its paths (or without): `methods` has a bit per Method,
//     all of them for any; tokens are further methods; names are those of its parameters

import type { AddressRange } from '../base/address_ranges.ts';
import { Method, methodName } from '../http/methods.ts';
import { ByteIndexBuilder } from './byte_index.ts';
import { ConditionBuilder, matchersCount } from './condition_code.ts';
import type { HostIndexData } from './host_groups.ts';
import { groupHosts } from './host_groups.ts';
import { IntList } from './int_list.ts';
import { PairIndex } from './pair_index.ts';
import { rankTextOf } from './path_rank.ts';
import { PathTreeBuilder } from './path_tree.ts';
import type { RouteConditions } from './route.ts';
import { SegmentProgramBuilder } from './segment_program.ts';
import type { PathDraft } from './segment_table.ts';
import { SegmentTable } from './segment_table.ts';
import { TextPool } from './text_pool.ts';

export { pathVariants } from './path_pattern.ts';

export interface RouteTableData {
  readonly routesCount: number;
  /** All texts: hosts, paths, names and values. */
  readonly text: Uint8Array;
  readonly hosts: HostIndexData;
  /** path_tree.ts. */
  readonly groups: Int32Array;
  readonly nodes: Int32Array;
  readonly edges: Int32Array;
  /** Paths without parameters, and segments: byte_index.ts. */
  readonly paths: Int32Array;
  readonly pathsCount: number;
  readonly segments: Int32Array;
  readonly refs: Int32Array;
  readonly entries: Int32Array;
  /** Of each entry, among those that one path leads to in a group: lower is better. */
  readonly precedence: Float64Array;
  /** segment_program.ts. */
  readonly programs: Int32Array;
  readonly classes: Uint8Array;
  readonly patterns: readonly string[];
  /** condition_code.ts. */
  readonly conditions: Int32Array;
  readonly addressRanges: readonly (readonly AddressRange[])[];
  /** Methods without a number. */
  readonly tokens: readonly string[];
  readonly parameterNames: readonly (readonly string[])[];
}

/** Offsets into an entry. */
export const ENTRY_STRIDE = 8;
export const ENTRY_ROUTE = 0;
export const ENTRY_METHODS = 1;
export const ENTRY_TOKENS_START = 2;
export const ENTRY_TOKENS_COUNT = 3;
export const ENTRY_CONDITIONS_START = 4;
export const ENTRY_CONDITIONS_COUNT = 5;
export const ENTRY_NAMES = 6;

const METHODS_ANY = -1;

// A precedence is one number: path, then a named method, then matchers, then order.
const ROUTES_COUNT_MAX: number = 1 << 20;
const MATCHERS_COUNT_MAX = 1023;
const PATH_FACTOR: number = 2 * (MATCHERS_COUNT_MAX + 1) * ROUTES_COUNT_MAX;

/** Compiles routes, whose patterns are in their normal forms; their order is the index. */
export function compileRouteTable(conditions: readonly RouteConditions[]): RouteTableData {
  return new RouteTableCompiler().compile(conditions);
}

/** One route with one of its paths. */
interface DraftEntry {
  readonly route: number;
  /** Null for any path. */
  readonly path: PathDraft | null;
}

class RouteTableCompiler {
  readonly #pool = new TextPool();
  readonly #segments = new SegmentTable();
  readonly #programs = new SegmentProgramBuilder(this.#pool);
  readonly #conditions = new ConditionBuilder(this.#pool, (source) =>
    this.#programs.addPattern(source),
  );
  readonly #tree = new PathTreeBuilder(this.#pool, this.#programs, (i) => this.#precedence[i]!);
  readonly #drafts: DraftEntry[] = [];
  readonly #names: string[][] = [[]];
  readonly #nameIds = new Map<string, number>();
  readonly #longerNames = new PairIndex();
  readonly #tokens: string[] = [];
  readonly #tokenStarts = new Map<string, number>();
  #precedence: Float64Array = new Float64Array(0);

  compile(conditions: readonly RouteConditions[]): RouteTableData {
    if (conditions.length > ROUTES_COUNT_MAX) throw new RangeError('more than a million routes');
    // Entries of a route follow each other: where those of each begin.
    const entryStarts = new IntList();
    for (let route = 0; route < conditions.length; route++) {
      entryStarts.push(this.#drafts.length);
      this.#addEntries(route, conditions[route]!.paths);
    }
    entryStarts.push(this.#drafts.length);
    this.#precedence = this.#rank(conditions);
    const entries = this.#compileEntries(conditions);
    const hosts = groupHosts(conditions, this.#pool);
    for (const routes of hosts.routes) {
      const group = this.#tree.addGroup();
      for (const route of routes) {
        const stop = entryStarts.at(route + 1);
        for (let entry = entryStarts.at(route); entry < stop; entry++) this.#place(group, entry);
      }
    }
    const paths = new ByteIndexBuilder(false);
    const segments = new ByteIndexBuilder(false);
    const tree = this.#tree.build(paths, segments);
    if (tree.hasEqualEdges) this.#rankPaths();
    const text = this.#pool.build();
    return {
      routesCount: conditions.length,
      text,
      hosts: hosts.build(text),
      groups: tree.groups,
      nodes: tree.nodes,
      edges: tree.edges,
      paths: paths.build(text),
      pathsCount: paths.count,
      segments: segments.build(text),
      refs: this.#tree.refs.build(),
      entries,
      precedence: this.#precedence,
      programs: this.#programs.code(),
      classes: this.#programs.classes(),
      patterns: this.#programs.patterns(),
      conditions: this.#conditions.code(),
      addressRanges: this.#conditions.addressRanges(),
      tokens: this.#tokens,
      parameterNames: this.#names,
    };
  }

  #addEntries(route: number, paths: readonly string[]): void {
    if (paths.length === 0) this.#drafts.push({ route, path: null });
    for (const normal of paths) {
      for (const path of this.#segments.read(normal)) this.#drafts.push({ route, path });
    }
  }

  // One number per entry: a named method, then matchers, then order.
  #rank(conditions: readonly RouteConditions[]): Float64Array {
    return Float64Array.from(this.#drafts, ({ route }) => {
      const given = conditions[route]!;
      const fewer = MATCHERS_COUNT_MAX - Math.min(MATCHERS_COUNT_MAX, matchersCount(given));
      const method = given.methods.length === 0 ? 1 : 0;
      return (method * (MATCHERS_COUNT_MAX + 1) + fewer) * ROUTES_COUNT_MAX + route;
    });
  }

  // Its path among all paths goes before that, where the walk over the tree leaves it open.
  #rankPaths(): void {
    const texts = this.#drafts.map(({ path }) => (path === null ? '' : rankText(path)));
    const sorted = [...new Set(texts)].sort(compareUnits);
    const ranks = new Map(sorted.map((text, index) => [text, index]));
    texts.forEach((text, entry) => {
      this.#precedence[entry]! += ranks.get(text)! * PATH_FACTOR;
    });
  }

  #compileEntries(conditions: readonly RouteConditions[]): Int32Array {
    const entries = new Int32Array(this.#drafts.length * ENTRY_STRIDE);
    this.#drafts.forEach(({ route, path }, entry) => {
      const at = entry * ENTRY_STRIDE;
      const given = conditions[route]!;
      const tokens = given.methods.filter((method) => !METHOD_NUMBERS.has(method));
      entries[at + ENTRY_ROUTE] = route;
      entries[at + ENTRY_METHODS] = methodBits(given.methods);
      entries[at + ENTRY_TOKENS_START] = this.#addTokens(tokens);
      entries[at + ENTRY_TOKENS_COUNT] = tokens.length;
      entries[at + ENTRY_CONDITIONS_START] = this.#conditions.add(given);
      entries[at + ENTRY_CONDITIONS_COUNT] = matchersCount(given);
      const hasNames = path !== null && path.text === null;
      entries[at + ENTRY_NAMES] = hasNames ? this.#addNames(path) : 0;
    });
    return entries;
  }

  #place(group: number, entry: number): void {
    const { path } = this.#drafts[entry]!;
    if (path === null) this.#tree.addAnyPath(group, entry);
    else if (path.text === null) this.#tree.addDraft(group, path, entry);
    else this.#tree.addPath(group, path.text, entry);
  }

  #addTokens(tokens: readonly string[]): number {
    if (tokens.length === 0) return 0;
    const key = tokens.join();
    const known = this.#tokenStarts.get(key);
    if (known !== undefined) return known;
    const start = this.#tokens.length;
    this.#tokens.push(...tokens);
    this.#tokenStarts.set(key, start);
    return start;
  }

  // Lists of names grow by one name after the other, so that equal ones meet.
  #addNames(path: PathDraft): number {
    let list = 0;
    for (const { names } of path.segments) {
      for (const name of names) list = this.#withName(list, name);
    }
    return path.wildcard === '' ? list : this.#withName(list, path.wildcard);
  }

  #withName(list: number, name: string): number {
    let id = this.#nameIds.get(name);
    if (id === undefined) {
      id = this.#nameIds.size;
      this.#nameIds.set(name, id);
    }
    const known = this.#longerNames.get(list, id);
    if (known >= 0) return known;
    const longer = this.#names.push([...this.#names[list]!, name]) - 1;
    this.#longerNames.set(list, id, longer);
    return longer;
  }
}

function rankText(path: PathDraft): string {
  return rankTextOf(
    path.segments.map((segment) => segment.rank),
    path.wildcard !== '',
  );
}

function methodBits(methods: readonly string[]): number {
  if (methods.length === 0) return METHODS_ANY;
  let bits = 0;
  for (const method of methods) {
    const number = METHOD_NUMBERS.get(method);
    if (number !== undefined) bits |= 1 << number;
  }
  return bits;
}

const METHOD_NUMBERS: ReadonlyMap<string, Method> = new Map(
  Object.values(Method)
    .filter((method) => method !== Method.OTHER)
    .map((method) => [methodName(method), method]),
);

function compareUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
