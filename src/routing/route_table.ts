// Which route a request is matched to: compiled once from the options, immutable, asked with
// ranges of the arena. One walk over the host and one or two over the path, whatever the number
// of routes.
//
// Precedence, first rule first:
//   1. an exact host over any host (case-insensitive, without port: RFC 9110 section 4.2.3)
//   2. an exact path over a longer prefix over a shorter prefix over any path
//   3. the order in the config
// A request whose host has routes of its own but none for its path falls back to the routes for
// any host.
//
// `/prefix/*` matches `/prefix/` and below. Prefixes end with a slash, so only slashes of the
// path need to be looked up. Paths are compared as bytes: codec and config both bring them in the
// normalised form.

import { assert } from '../base/assert.ts';
import type { RequestHead } from '../http/message_head.ts';
import { LOWER } from '../http/text.ts';
import { hostEnd, hostOfText, hostStart } from './host_range.ts';
import type { RouteOptions } from './route.ts';
import type { TextEntry } from './text_index.ts';
import { HASH_EMPTY, hashByte, TextIndex } from './text_index.ts';

const SLASH = 0x2f;
/** Group of the routes for any host. */
const ANY_HOST = 0;

export class RouteTable {
  readonly routes: readonly RouteOptions[];
  readonly #hosts: TextIndex; // host -> group
  readonly #hasHosts: boolean;
  readonly #exact: TextIndex;
  readonly #prefixes: TextIndex;
  readonly #anyPath: Int32Array; // by group: route for any path, or -1

  constructor(routes: readonly RouteOptions[]) {
    this.routes = routes;
    const groups = new Map<string, number>([['', ANY_HOST]]);
    const exact: TextEntry[] = [];
    const prefixes: TextEntry[] = [];
    const anyPath: number[] = [-1];
    for (let value = 0; value < routes.length; value++) {
      const { host, path } = routes[value]!;
      const key = hostOfText(host);
      const group = groups.get(key) ?? groups.size;
      if (group === groups.size) {
        groups.set(key, group);
        anyPath.push(-1);
      }
      if (path === '') {
        if (anyPath[group] === -1) anyPath[group] = value;
        continue;
      }
      assert(path.startsWith('/'), 'the path of a route begins with a slash');
      if (path.endsWith('/*')) prefixes.push({ group, text: path.slice(0, -1), value });
      else exact.push({ group, text: path, value });
    }
    const hosts = [...groups].filter(([host]) => host !== '');
    this.#hosts = new TextIndex(hosts.map(([text, value]) => ({ group: 0, text, value })));
    this.#hasHosts = hosts.length > 0;
    this.#exact = new TextIndex(exact);
    this.#prefixes = new TextIndex(prefixes);
    this.#anyPath = Int32Array.from(anyPath);
  }

  /** Index of the route for a request whose head lies in `bytes`, or -1. */
  match(bytes: Uint8Array, head: RequestHead): number {
    if (this.#hasHosts) {
      const group = this.#groupOf(bytes, head.authorityStart, head.authorityEnd);
      if (group !== ANY_HOST) {
        const route = this.#matchPath(group, bytes, head.targetStart, head.pathEnd);
        if (route >= 0) return route;
      }
    }
    return this.#matchPath(ANY_HOST, bytes, head.targetStart, head.pathEnd);
  }

  #groupOf(bytes: Uint8Array, authorityStart: number, authorityEnd: number): number {
    const start = hostStart(bytes, authorityStart, authorityEnd);
    const end = hostEnd(bytes, authorityStart, authorityEnd);
    let hash = HASH_EMPTY;
    for (let i = start; i < end; i++) hash = hashByte(hash, LOWER[bytes[i]!]!);
    const group = this.#hosts.find(0, hash, bytes, start, end, true);
    return group < 0 ? ANY_HOST : group;
  }

  #matchPath(group: number, bytes: Uint8Array, start: number, end: number): number {
    let best = this.#anyPath[group]!;
    let hash = HASH_EMPTY;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      hash = hashByte(hash, byte);
      if (byte !== SLASH) continue;
      const route = this.#prefixes.find(group, hash, bytes, start, i + 1, false);
      if (route >= 0) best = route; // a later slash is a longer prefix
    }
    const route = this.#exact.find(group, hash, bytes, start, end, false);
    return route >= 0 ? route : best;
  }
}
