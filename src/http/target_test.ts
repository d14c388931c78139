import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normalizePath } from './target.ts';

function normalize(path: string): string {
  const bytes = Buffer.from(`??${path}??`, 'latin1');
  const end = normalizePath(bytes, 2, 2 + path.length);
  assert.equal(bytes.toString('latin1', 0, 2), '??');
  assert.equal(bytes.toString('latin1', 2 + path.length), '??');
  return bytes.toString('latin1', 2, end);
}

test('normalizePath() removes dot segments as RFC 3986 section 5.2.4 does', () => {
  for (const [path, wanted] of [
    ['/', '/'],
    ['/a/b/c/./../../g', '/a/g'],
    ['/.', '/'],
    ['/..', '/'],
    ['/../..', '/'],
    ['/a/.', '/a/'],
    ['/a/..', '/'],
    ['/a/b/..', '/a/'],
    ['/a/../..', '/'],
    ['/./a', '/a'],
    ['/../a', '/a'],
    ['/a//../b', '/a/b'],
    ['//..', '/'],
    ['/a/...', '/a/...'],
    ['/.a/..b/c.', '/.a/..b/c.'],
  ] as const) {
    assert.equal(normalize(path), wanted, path);
  }
});

test('normalizePath() decodes unreserved characters and upper-cases the other escapes', () => {
  assert.equal(normalize('/%61%5a%30%2d%2E%5f%7e'), '/aZ0-._~');
  assert.equal(normalize('/%2f%5c%3b%00%c3%bf'), '/%2F%5C%3B%00%C3%BF');
  assert.equal(normalize('/%25%32%65'), '/%252e');
});

test('normalizePath() is idempotent, never longer, and agrees with URL on dot segments', () => {
  const piece = fc.constantFrom('/', '.', '..', 'a', '%2e', '%2E', '%2f', '%41', '%c3', '%25');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const path = `/${pieces.join('')}`;
      const once = normalize(path);
      assert.ok(once.length <= path.length);
      assert.equal(once[0], '/');
      // What an escaped "%" leaves may look like an escape: RFC 3986 decodes once only.
      if (!path.includes('%25')) assert.equal(normalize(once), once);
      const wanted = new URL(`http://a${path}`).pathname;
      const comparable = wanted
        .replaceAll('%41', 'A')
        .replaceAll(/%2e/gi, '.')
        .replaceAll(/%[0-9a-f]{2}/g, (escaped) => escaped.toUpperCase());
      assert.equal(once, comparable);
    }),
    { numRuns: 3000 },
  );
});
