// The route table: precedence, hosts, prefixes, and agreement with a plain search over the same
// routes.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { RequestHead } from '../http/message_head.ts';
import type { RouteOptions } from './route.ts';
import { RouteTable } from './route_table.ts';

describe('RouteTable.match()', () => {
  it('prefers an exact host over any host', () => {
    const table = routes(['', '/a'], ['example.com', '']);
    assert.equal(match(table, 'example.com', '/a'), 1);
    assert.equal(match(table, 'other.com', '/a'), 0);
  });

  it('falls back to any host where no path of the host matches', () => {
    const table = routes(['example.com', '/a'], ['', '/*']);
    assert.equal(match(table, 'example.com', '/b'), 1);
  });

  it('compares hosts without case, port, brackets and the final dot', () => {
    const table = routes(['example.com', ''], ['[::1]', ''], ['10.0.0.1', '']);
    for (const host of ['EXAMPLE.com', 'example.com:8080', 'example.com.', 'Example.COM.:80']) {
      assert.equal(match(table, host, '/'), 0, host);
    }
    assert.equal(match(table, '[::1]:80', '/'), 1);
    assert.equal(match(table, '[::1]', '/'), 1);
    assert.equal(match(table, '10.0.0.1:81', '/'), 2);
    for (const host of ['example.co', 'example.com1', 'xexample.com', '', ':80', '[::2]']) {
      assert.equal(match(table, host, '/'), -1, host);
    }
  });

  it('prefers an exact path, then the longest prefix, then any path', () => {
    const table = routes(['', ''], ['', '/*'], ['', '/a/*'], ['', '/a/b/*'], ['', '/a/b']);
    assert.equal(match(table, 'h', '/a/b'), 4);
    assert.equal(match(table, 'h', '/a/b/'), 3);
    assert.equal(match(table, 'h', '/a/b/c/d'), 3);
    assert.equal(match(table, 'h', '/a/c'), 2);
    assert.equal(match(table, 'h', '/a/'), 2);
    assert.equal(match(table, 'h', '/a'), 1);
    assert.equal(match(table, 'h', '/'), 1);
  });

  it('does not match a prefix to the path without its slash', () => {
    const table = routes(['', '/prefix/*']);
    assert.equal(match(table, 'h', '/prefix'), -1);
    assert.equal(match(table, 'h', '/prefixed/'), -1);
    assert.equal(match(table, 'h', '/prefix/'), 0);
    assert.equal(match(table, 'h', '/prefix//x'), 0);
  });

  it('leaves the query out', () => {
    const table = routes(['', '/a']);
    assert.equal(match(table, 'h', '/a', '?b=/c'), 0);
  });

  it('takes the first of equal routes', () => {
    const table = routes(['h', '/a'], ['H.', '/a'], ['h', '/a']);
    assert.equal(match(table, 'h', '/a'), 0);
  });

  it('matches the asterisk to routes for any path alone', () => {
    assert.equal(match(routes(['', '/*']), 'h', '*'), -1);
    assert.equal(match(routes(['', '/*'], ['', '']), 'h', '*'), 1);
  });

  it('has no match without routes', () => {
    assert.equal(match(routes(), 'h', '/'), -1);
  });

  it('agrees with a plain search over many routes', () => {
    const hosts = ['', 'a.example', 'b.example', 'c.example'];
    const segments = ['', 'a', 'b', 'ab', 'a%20'];
    const given: [string, string][] = [];
    let seed = 7;
    const random = (count: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % count;
    };
    for (let i = 0; i < 400; i++) {
      const depth = random(4);
      let path = '';
      for (let j = 0; j < depth; j++) path += `/${segments[random(segments.length)]!}`;
      if (random(2) === 0) path += '/*';
      given.push([hosts[random(hosts.length)]!, path === '' && random(2) === 0 ? '/' : path]);
    }
    const table = routes(...given);
    for (let i = 0; i < 2_000; i++) {
      const host = random(5) === 4 ? 'other' : hosts[random(4)]!;
      let path = '';
      for (let j = random(5); j >= 0; j--) path += `/${segments[random(segments.length)]!}`;
      assert.equal(match(table, host, path), plainSearch(given, host, path), `${host} ${path}`);
    }
  });
});

function routes(...given: [string, string][]): RouteTable {
  const options: RouteOptions[] = given.map(([host, path]) => ({
    host,
    path,
    upstreamIndex: 0,
    upgrades: [],
    requestBodyBytesMax: Number.POSITIVE_INFINITY,
    source: null,
  }));
  return new RouteTable(options);
}

function match(table: RouteTable, host: string, path: string, query = ''): number {
  const bytes = Buffer.from(`--${host}${path}${query}--`, 'latin1');
  const head = new RequestHead();
  head.authorityStart = 2;
  head.authorityEnd = head.targetStart = 2 + host.length;
  head.pathEnd = head.targetStart + path.length;
  head.targetEnd = head.pathEnd + query.length;
  return table.match(bytes, head);
}

/** The rules of route_table.ts, as slowly as they read. */
function plainSearch(given: readonly [string, string][], host: string, path: string): number {
  let best = -1;
  let bestRank = -1;
  given.forEach(([routeHost, routePath], index) => {
    if (routeHost !== '' && routeHost !== host) return;
    let rank = -1;
    if (routePath === '') rank = 0;
    else if (routePath.endsWith('/*')) {
      if (path.startsWith(routePath.slice(0, -1))) rank = routePath.length;
    } else if (routePath === path) rank = 1_000;
    if (rank < 0) return;
    if (routeHost !== '') rank += 10_000;
    if (rank <= bestRank) return;
    best = index;
    bestRank = rank;
  });
  return best;
}
