// Which route a request is matched to. The table is immutable plain data (route_table_data.ts);
// this wraps it and walks it over ranges of the arena, without allocation unless a route asks for a
// regular expression or an address, and at a price that does not grow with the number of routes.
//
// Precedence, first rule first:
//   1. host: exact, `*.`, `**.` (longest first), none
//   2. path, segment by segment: text, parameter with a pattern, parameter, wildcard; no path last
//   3. a named method over any
//   4. more matchers (scheme, each value, client address) over fewer
//   5. order in the config
// Where the best candidate's conditions fail the next one is tried, over all classes of hosts.
//
// Each node of a group's tree is looked at once at most: a path leads to a node in one way. Edges
// of equal rank are all followed, and the best entry behind any of them counts.

import type { RequestHead } from '../http/message_head.ts';
import { TargetForm } from '../http/message_head.ts';
import { Method, methodName } from '../http/methods.ts';
import { equalsText } from '../http/text.ts';
import { ByteIndex } from './byte_index.ts';
import { ConditionMatcher } from './condition_matcher.ts';
import { ANY_HOST } from './host_groups.ts';
import { HostMatcher } from './host_matcher.ts';
import { isRespelled, RespelledPath } from './path_spelling.ts';
import {
  EDGE_NODE,
  EDGE_PROGRAM,
  EDGE_RANK,
  EDGE_STRIDE,
  GROUP_ANY_PATH,
  GROUP_ROOT,
  GROUP_STRIDE,
  LIST_NONE,
  LIST_RUN,
  NODE_EDGES_COUNT,
  NODE_EDGES_START,
  NODE_LEAF,
  NODE_STRIDE,
  NODE_TEXT_LENGTH,
  NODE_TEXT_NODE,
  NODE_TEXT_START,
  NODE_TEXTS_COUNT,
  NODE_WILDCARD,
  REFS_END,
} from './path_tree.ts';
import type { RequestOrigin } from './route.ts';
import { RouteMatch } from './route_match.ts';
import type { RouteTableData } from './route_table_data.ts';
import {
  ENTRY_CONDITIONS_COUNT,
  ENTRY_CONDITIONS_START,
  ENTRY_METHODS,
  ENTRY_NAMES,
  ENTRY_ROUTE,
  ENTRY_STRIDE,
  ENTRY_TOKENS_COUNT,
  ENTRY_TOKENS_START,
} from './route_table_data.ts';
import { PatternList, SegmentMatcher } from './segment_matcher.ts';
import { PROGRAM_ANY } from './segment_program.ts';
import { equalWords, findSlash, hashWords, viewOf } from './words.ts';

export { RouteMatch };

const SLASH = 0x2f;
/** `#bestEntry` where nothing was found yet. */
const NO_ENTRY = -1;

export class RouteTable {
  readonly #data: RouteTableData;
  readonly #hosts: HostMatcher | null;
  readonly #paths: ByteIndex;
  readonly #hasPaths: boolean;
  /** No hosts, no conditions: most tables of one service. */
  readonly #isSimple: boolean;
  readonly #segments: ByteIndex;
  readonly #matcher: SegmentMatcher;
  readonly #conditions: ConditionMatcher;
  readonly #groups: Int32Array;
  readonly #nodes: Int32Array;
  readonly #edges: Int32Array;
  readonly #refs: Int32Array;
  readonly #entries: Int32Array;
  readonly #textView: DataView;

  // The request at hand.
  #bytes: Uint8Array;
  #view: DataView;
  #head: RequestHead | null = null;
  #origin: RequestOrigin | null = null;
  // Its path: in these bytes, or in a copy where it had to be respelled.
  #path: Uint8Array;
  #pathView: DataView;
  #pathEnd = 0;
  readonly #respelled: RespelledPath = new RespelledPath();

  // The walk at hand.
  #result: RouteMatch;
  readonly #params: Int32Array;
  #paramsCount = 0;
  #isServer = false;
  /** Length of the text that led from a node to the next. */
  #textLength = 0;
  #bestEntry: number = NO_ENTRY;
  /** Looks for what would match but for its method, and notes the methods. */
  #isCollecting = false;
  #methodBits = 0;
  readonly #tokens: Set<string> = new Set();
  readonly #collected: RouteMatch = new RouteMatch();

  constructor(data: RouteTableData) {
    this.#data = data;
    const { text } = data;
    const patterns = new PatternList(data.patterns);
    this.#hosts = data.hosts.patternsCount > 0 ? new HostMatcher(data.hosts, text) : null;
    this.#paths = new ByteIndex(data.paths, text);
    this.#hasPaths = data.pathsCount > 0;
    this.#isSimple = data.hosts.patternsCount === 0 && data.conditions.length === 0;
    this.#segments = new ByteIndex(data.segments, text);
    this.#matcher = new SegmentMatcher(data.programs, data.classes, text, patterns);
    this.#conditions = new ConditionMatcher(data.conditions, text, patterns, data.addressRanges);
    this.#groups = data.groups;
    this.#nodes = data.nodes;
    this.#edges = data.edges;
    this.#refs = data.refs;
    this.#entries = data.entries;
    this.#textView = viewOf(text);
    this.#bytes = this.#path = text;
    this.#view = this.#pathView = this.#textView;
    this.#result = new RouteMatch();
    this.#params = new Int32Array(this.#result.params.length);
  }

  /**
   * Index of the route for the request whose head lies in `bytes`, or -1. Fills `result`, whose
   * ranges are into the same bytes. `OPTIONS *` has no route.
   */
  match(bytes: Uint8Array, head: RequestHead, origin: RequestOrigin, result: RouteMatch): number {
    if (bytes !== this.#bytes) this.#look(bytes);
    if (!this.#isSimple || head.hasPathEscapes) return this.#matchAny(head, origin, result);
    const start = head.targetStart;
    const end = head.pathEnd;
    let list = LIST_NONE;
    if (this.#hasPaths) {
      const view = this.#view;
      list = this.#paths.find(ANY_HOST, hashWords(view, bytes, start, end), view, start, end);
      if (this.#isOnlyOne(list)) {
        const entry = list >> 1;
        if (this.#hasMethod(entry, head)) return choosePath(entry, this.#entries, result);
        list = LIST_NONE;
      }
    }
    this.#begin(end, head, origin, result);
    this.#tryGroup(ANY_HOST, list, start);
    return choose(this.#bestEntry, this.#entries, result);
  }

  /**
   * The methods of the routes that match but for the method, for `Allow` (RFC 9110 section 10.2.1);
   * '' where there are none: 404 instead of 405. Allocates.
   */
  allowedMethods(bytes: Uint8Array, head: RequestHead, origin: RequestOrigin): string {
    this.#methodBits = 0;
    this.#tokens.clear();
    this.#isCollecting = true;
    this.match(bytes, head, origin, this.#collected);
    this.#isCollecting = false;
    const names: string[] = [];
    for (let method: number = Method.GET; method <= Method.PATCH; method++) {
      if ((this.#methodBits & (1 << method)) !== 0) names.push(methodName(method as Method));
    }
    names.push(...[...this.#tokens].sort());
    return names.join(', ');
  }

  /** Names of an entry's parameters, in the order of their values. */
  paramNames(entryIndex: number): readonly string[] {
    const names = this.#entries[entryIndex * ENTRY_STRIDE + ENTRY_NAMES]!;
    return this.#data.parameterNames[names]!;
  }

  #look(bytes: Uint8Array): void {
    this.#bytes = this.#path = bytes;
    this.#view = this.#pathView = viewOf(bytes);
    this.#conditions.look(bytes, this.#view);
  }

  // With hosts, conditions, or escapes in the path.
  #matchAny(head: RequestHead, origin: RequestOrigin, result: RouteMatch): number {
    this.#conditions.begin();
    const hosts = this.#hosts;
    const count =
      hosts === null
        ? 0
        : hosts.find(this.#view, this.#bytes, head.authorityStart, head.authorityEnd);
    const start = head.targetStart;
    const end = head.pathEnd;
    const isOther = head.hasPathEscapes && isRespelled(this.#bytes, start, end);
    if (isOther) return this.#matchRespelled(count, head, origin, result);
    return this.#matchPath(count, start, end, head, origin, result);
  }

  // The path is copied in the spelling that is matched; parameters are led back to where they are.
  #matchRespelled(
    hostsCount: number,
    head: RequestHead,
    origin: RequestOrigin,
    result: RouteMatch,
  ): number {
    const path = this.#respelled;
    path.take(this.#bytes, head.targetStart, head.pathEnd);
    this.#path = path.bytes;
    this.#pathView = path.view;
    const route = this.#matchPath(hostsCount, 0, path.length, head, origin, result);
    this.#path = this.#bytes;
    this.#pathView = this.#view;
    const count = result.paramsCount * 2;
    for (let i = 0; i < count; i++) result.params[i] = path.offsetOf(result.params[i]!);
    return route;
  }

  // Tries the groups of the host, then that of any host.
  #matchPath(
    hostsCount: number,
    start: number,
    end: number,
    head: RequestHead,
    origin: RequestOrigin,
    result: RouteMatch,
  ): number {
    const hash = this.#hasPaths ? hashWords(this.#pathView, this.#path, start, end) : 0;
    let hasBegun = false;
    for (let i = 0; i <= hostsCount; i++) {
      const group = i < hostsCount ? this.#hosts!.groups[i]! : ANY_HOST;
      let list = this.#findPath(group, hash, start, end);
      if (this.#isOnlyOne(list)) {
        if (this.#passes(list >> 1, head, origin)) {
          return choosePath(list >> 1, this.#entries, result);
        }
        list = LIST_NONE;
      }
      if (list < 0 && this.#hasOnlyTexts(group)) continue;
      if (!hasBegun) this.#begin(end, head, origin, result);
      hasBegun = true;
      if (this.#tryGroup(group, list, start)) break;
    }
    return hasBegun ? choose(this.#bestEntry, this.#entries, result) : chooseNone(result);
  }

  // All routes of the group have a path, and none has parameters.
  #hasOnlyTexts(group: number): boolean {
    const at = group * GROUP_STRIDE;
    return this.#groups[at + GROUP_ROOT]! < 0 && this.#groups[at + GROUP_ANY_PATH]! < 0;
  }

  // What stands at a whole path without parameters.
  #findPath(group: number, hash: number, start: number, end: number): number {
    if (!this.#hasPaths) return LIST_NONE;
    return this.#paths.find(group, hash, this.#pathView, start, end);
  }

  #begin(pathEnd: number, head: RequestHead, origin: RequestOrigin, result: RouteMatch): void {
    this.#pathEnd = pathEnd;
    this.#head = head;
    this.#origin = origin;
    this.#result = result;
    this.#isServer = head.targetForm === TargetForm.ASTERISK;
    this.#paramsCount = 0;
    this.#bestEntry = NO_ENTRY;
    result.paramsCount = 0;
  }

  // Most requests end with such a list: a route without parameters is the best of its host.
  #isOnlyOne(list: number): boolean {
    return list >= 0 && (list & LIST_RUN) === 0 && !this.#isCollecting;
  }

  // The routes of a group of hosts: those with the whole path, with its segments, for any path.
  #tryGroup(group: number, list: number, start: number): boolean {
    if (list >= 0 && this.#tryList(list)) return true;
    const at = group * GROUP_STRIDE;
    const root = this.#groups[at + GROUP_ROOT]!;
    if (root >= 0 && this.#path[start] === SLASH) {
      if (this.#tryNode(root, start + 1)) return true;
      this.#paramsCount = 0;
    }
    const anyPath = this.#groups[at + GROUP_ANY_PATH]!;
    // RFC 9112 section 3.2.4: `OPTIONS *` is about the server, not about a resource.
    return anyPath >= 0 && !this.#isServer && this.#tryList(anyPath);
  }

  // Whether the best entry got better at or below a node. The segment that it looks at begins at
  // `start`; behind the last one that is behind the path's end, too. `#paramsCount` is the caller's
  // to restore.
  #tryNode(startNode: number, pathStart: number): boolean {
    const nodes = this.#nodes;
    const end = this.#pathEnd;
    let node = startNode;
    let start = pathStart;
    for (;;) {
      const at = node * NODE_STRIDE;
      if (start > end) return this.#tryList(nodes[at + NODE_LEAF]!);
      const textsCount = nodes[at + NODE_TEXTS_COUNT]!;
      const edgesCount = nodes[at + NODE_EDGES_COUNT]!;
      const wildcard = nodes[at + NODE_WILDCARD]!;
      if (textsCount !== 0) {
        const child =
          textsCount === 1 ? this.#onlyText(at, start, end) : this.#findText(node, start, end);
        if (child >= 0) {
          const next = start + this.#textLength + 1;
          if (edgesCount === 0 && wildcard === LIST_NONE) {
            node = child;
            start = next;
            continue;
          }
          const before = this.#paramsCount;
          if (this.#tryNode(child, next)) return true;
          this.#paramsCount = before;
        }
      }
      if (edgesCount === 0) return this.#tryWildcard(wildcard, start);
      const segmentEnd = findSlash(this.#pathView, this.#path, start, end);
      const edge = nodes[at + NODE_EDGES_START]! * EDGE_STRIDE;
      if (edgesCount > 1 || wildcard !== LIST_NONE) {
        if (this.#tryEdges(edge, edgesCount, start, segmentEnd)) return true;
        return this.#tryWildcard(wildcard, start);
      }
      if (!this.#takeSegment(edge, start, segmentEnd)) return false;
      node = this.#edges[edge + EDGE_NODE]!;
      start = segmentEnd + 1;
    }
  }

  #onlyText(at: number, start: number, end: number): number {
    const nodes = this.#nodes;
    const length = nodes[at + NODE_TEXT_LENGTH]!;
    const stop = start + length;
    if (stop > end || (stop < end && this.#path[stop] !== SLASH)) return -1;
    const textStart = nodes[at + NODE_TEXT_START]!;
    this.#textLength = length;
    return equalWords(this.#pathView, start, this.#textView, textStart, length)
      ? nodes[at + NODE_TEXT_NODE]!
      : -1;
  }

  #findText(node: number, start: number, end: number): number {
    const view = this.#pathView;
    const stop = findSlash(view, this.#path, start, end);
    this.#textLength = stop - start;
    const hash = hashWords(view, this.#path, start, stop);
    return this.#segments.find(node, hash, view, start, stop);
  }

  #tryEdges(first: number, count: number, start: number, end: number): boolean {
    const edges = this.#edges;
    const stop = first + count * EDGE_STRIDE;
    const before = this.#paramsCount;
    let rankFound = -1;
    for (let edge = first; edge < stop; edge += EDGE_STRIDE) {
      const rank = edges[edge + EDGE_RANK]!;
      if (rankFound >= 0 && rank !== rankFound) break;
      if (this.#takeSegment(edge, start, end)) {
        if (this.#tryNode(edges[edge + EDGE_NODE]!, end + 1)) rankFound = rank;
        this.#paramsCount = before;
      }
    }
    return rankFound >= 0;
  }

  // Whether a segment matches an edge; its parameters are added then.
  #takeSegment(edge: number, start: number, end: number): boolean {
    const program = this.#edges[edge + EDGE_PROGRAM]!;
    const count = this.#paramsCount;
    const params = this.#params;
    if (program === PROGRAM_ANY) {
      if (start === end) return false;
      params[count * 2] = start;
      params[count * 2 + 1] = end;
      this.#paramsCount = count + 1;
      return true;
    }
    if (!this.#matcher.match(program, this.#path, start, end, params, count * 2)) return false;
    this.#paramsCount = count + this.#matcher.paramsCount(program);
    return true;
  }

  #tryWildcard(list: number, start: number): boolean {
    if (list === LIST_NONE) return false;
    const count = this.#paramsCount;
    this.#params[count * 2] = start;
    this.#params[count * 2 + 1] = this.#pathEnd;
    this.#paramsCount = count + 1;
    const isBetter = this.#tryList(list);
    this.#paramsCount = count;
    return isBetter;
  }

  // Whether an entry of a list passes that is better than the best one.
  #tryList(list: number): boolean {
    if (list === LIST_NONE) return false;
    if ((list & LIST_RUN) === 0) return this.#tryEntry(list >> 1);
    const refs = this.#refs;
    for (let i = list >> 1; refs[i] !== REFS_END; i++) if (this.#tryEntry(refs[i]!)) return true;
    return false;
  }

  #tryEntry(entry: number): boolean {
    const best = this.#bestEntry;
    if (best >= 0 && this.#data.precedence[entry]! > this.#data.precedence[best]!) return false;
    if (!this.#passes(entry, this.#head!, this.#origin!)) return false;
    if (this.#isCollecting) {
      this.#collect(entry * ENTRY_STRIDE);
      return false;
    }
    this.#bestEntry = entry;
    this.#keepParams();
    return true;
  }

  // Whether the request has a method of the entry (any, while methods are collected) and fulfils
  // its conditions.
  #passes(entry: number, head: RequestHead, origin: RequestOrigin): boolean {
    if (!this.#hasMethod(entry, head) && !this.#isCollecting) return false;
    const entries = this.#entries;
    const at = entry * ENTRY_STRIDE;
    const count = entries[at + ENTRY_CONDITIONS_COUNT]!;
    if (count === 0) return true;
    return this.#conditions.hold(entries[at + ENTRY_CONDITIONS_START]!, count, head, origin);
  }

  #hasMethod(entry: number, head: RequestHead): boolean {
    const methods = this.#entries[entry * ENTRY_STRIDE + ENTRY_METHODS]!;
    return (methods & (1 << head.method)) !== 0 || this.#hasToken(entry, head);
  }

  #hasToken(entry: number, head: RequestHead): boolean {
    const entries = this.#entries;
    const at = entry * ENTRY_STRIDE;
    const count = entries[at + ENTRY_TOKENS_COUNT]!;
    if (count === 0 || head.method !== Method.OTHER) return false;
    const first = entries[at + ENTRY_TOKENS_START]!;
    for (let i = first; i < first + count; i++) {
      const token = this.#data.tokens[i]!;
      if (equalsText(this.#bytes, head.methodStart, head.methodEnd, token)) return true;
    }
    return false;
  }

  #collect(at: number): void {
    this.#methodBits |= this.#entries[at + ENTRY_METHODS]!;
    const first = this.#entries[at + ENTRY_TOKENS_START]!;
    const count = this.#entries[at + ENTRY_TOKENS_COUNT]!;
    for (let i = first; i < first + count; i++) this.#tokens.add(this.#data.tokens[i]!);
  }

  #keepParams(): void {
    const result = this.#result;
    const count = this.#paramsCount;
    result.paramsCount = count;
    for (let i = 0; i < count * 2; i++) result.params[i] = this.#params[i]!;
  }
}

// An entry as the result of a match; -1 is none. The parameters are there already.
function choose(entry: number, entries: Int32Array, result: RouteMatch): number {
  const route = entry < 0 ? -1 : entries[entry * ENTRY_STRIDE + ENTRY_ROUTE]!;
  result.entryIndex = entry;
  result.routeIndex = route;
  return route;
}

// The same for one without parameters.
function choosePath(entry: number, entries: Int32Array, result: RouteMatch): number {
  result.paramsCount = 0;
  return choose(entry, entries, result);
}

function chooseNone(result: RouteMatch): number {
  result.paramsCount = 0;
  result.entryIndex = -1;
  result.routeIndex = -1;
  return -1;
}
