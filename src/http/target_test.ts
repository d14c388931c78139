import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  findPathDoubts,
  hasEscapes,
  isNormalPath,
  mergeSlashes,
  normalizePath,
  PathDoubt,
} from './target.ts';

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
      assert.equal(normalize(once), once);
      assert.equal(hasEscapes(Buffer.from(once), 0, once.length), once.includes('%'));
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

function doubtsOf(path: string): number {
  return findPathDoubts(Buffer.from(`%5C${path}%5C`, 'latin1'), 3, 3 + path.length);
}

test('findPathDoubts() names what a path may be taken for', () => {
  const { ENCODED_DOTS, ENCODED_SLASH, ENCODED_BACKSLASH, ENCODED_NUL } = PathDoubt;
  const { BACKSLASH, DOTS_WITH_PARAMETERS } = PathDoubt;
  for (const [path, wanted] of [
    ['/', 0],
    ['/a/./../b', 0],
    ['/..', 0],
    ['/%2e', ENCODED_DOTS],
    ['/.%2E', ENCODED_DOTS],
    ['/%2e./a', ENCODED_DOTS],
    ['/a/%2E%2e/b', ENCODED_DOTS],
    ['/%2e%2e%2e', 0],
    ['/%2ea', 0],
    ['/a%2e', 0],
    ['/a%2f', ENCODED_SLASH],
    ['/..%2F..', ENCODED_SLASH],
    ['/%5c', ENCODED_BACKSLASH],
    ['/a%00', ENCODED_NUL],
    ['/a\\b', BACKSLASH],
    ['/..\\', BACKSLASH],
    ['/..;', DOTS_WITH_PARAMETERS],
    ['/.;a=b/c', DOTS_WITH_PARAMETERS],
    ['/%2e%2e;x', DOTS_WITH_PARAMETERS],
    ['/..%3Bx', DOTS_WITH_PARAMETERS],
    ['/.git;x', DOTS_WITH_PARAMETERS],
    ['/a..;x', 0],
    ['/a;/..', 0],
    ['/../;x', 0],
    ['/%252e%252e', 0],
    ['/%252f', 0],
    ['/%20%3F%C3%A9', 0],
    ['/%2e/%2f%5C%00\\/..;', 63],
  ] as const) {
    assert.equal(doubtsOf(path), wanted, path);
  }
});

// What servers are known to read out of a path: all escapes decoded once, `\` as `/`, parameters of
// a dot segment dropped, then dot segments resolved.
function readLoosely(path: string): string {
  const decoded = Buffer.from(
    path.replaceAll(/%([0-9a-fA-F]{2})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    ),
    'latin1',
  ).toString('latin1');
  const segments: string[] = [];
  const written = decoded.replaceAll('\\', '/').slice(1).split('/');
  written.forEach((segment, index) => {
    const name = segment.replace(/^(\.+);.*/s, '$1');
    const isLast = index === written.length - 1;
    if (name !== '.' && name !== '..') segments.push(segment);
    else if (name === '..') segments.pop();
    if (isLast && (name === '.' || name === '..')) segments.push('');
  });
  return `/${segments.join('/')}`;
}

const spelling = fc
  .array(
    fc.constantFrom(
      ...['/', '/', '.', '..', 'a', 'b', ';', '%3b', '\\', '%5c', '%2e', '%2E', '%2f', '%00'],
      ...['%61', '%41', '%25', '%252e', '%2525', '%40', '@', '%c3', '~', '%7e'],
    ),
    { maxLength: 14 },
  )
  .map((pieces) => `/${pieces.join('')}`);

test('normalizePath() leaves no other reading of a path that has no doubts', () => {
  let undoubtedCount = 0;
  fc.assert(
    fc.property(spelling, (path) => {
      if (doubtsOf(path) !== 0) return;
      undoubtedCount++;
      // What was written and what is forwarded are read as the same path, and reading the latter
      // changes nothing but escapes: no segment begins or ends elsewhere.
      const normal = normalize(path);
      assert.equal(readLoosely(path), readLoosely(normal));
      const decoded = normal.replaceAll(/%([0-9A-F]{2})/g, (_, digits: string) =>
        String.fromCharCode(Number.parseInt(digits, 16)),
      );
      assert.equal(readLoosely(normal), decoded);
      assert.equal(doubtsOf(normal), 0);
    }),
    { numRuns: 10_000 },
  );
  assert.ok(undoubtedCount > 1_000, String(undoubtedCount));
});

test('normalizePath() makes one path of all spellings of it, or there are doubts', () => {
  const segment = fc.constantFrom('a', 'Ab', 'x-y', '~', 'c.d', '.e', '...', 'f_g', '1');
  const randomSpelling = fc.record({
    segments: fc.array(segment, { minLength: 1, maxLength: 5 }),
    choices: fc.infiniteStream(fc.nat({ max: 9 })),
  });
  fc.assert(
    fc.property(randomSpelling, ({ segments, choices }) => {
      const choose = (): number => choices.next().value as number;
      let written = '';
      for (const text of segments) {
        if (choose() === 0) written += '/.';
        if (choose() === 0) written += `/${text}/..`;
        written += '/';
        for (const character of text) {
          const digits = character.charCodeAt(0).toString(16);
          const choice = choose();
          if (choice > 2) written += character;
          else written += `%${choice === 0 ? digits.toUpperCase() : digits}`;
        }
      }
      const plain = `/${segments.join('/')}`;
      if (doubtsOf(written) === 0) assert.equal(normalize(written), plain, written);
    }),
    { numRuns: 5_000 },
  );
});

test('mergeSlashes() makes one slash of each run of them', () => {
  for (const [path, wanted] of [
    ['/', '/'],
    ['//', '/'],
    ['///a//b/', '/a/b/'],
    ['/a/b', '/a/b'],
    ['/a////', '/a/'],
    ['/%2F//', '/%2F/'],
  ] as const) {
    const bytes = Buffer.from(`/${path}/`, 'latin1');
    const end = mergeSlashes(bytes, 1, 1 + path.length);
    assert.equal(bytes.toString('latin1', 1, end), wanted, path);
    assert.equal(mergeSlashes(bytes, 1, end), end);
  }
});

test('isNormalPath() is true of what normalizePath() leaves as it is', () => {
  const fixed = [
    '',
    'a',
    '*',
    '/?',
    '/#',
    '/ ',
    '/\u00e9',
    '/%',
    '/%4',
    '/%4g',
    '/%e',
    '/a\x7f',
    '/\0',
  ];
  for (const path of fixed) assert.equal(isNormalPath(path), false, JSON.stringify(path));
  let normalCount = 0;
  fc.assert(
    fc.property(spelling, (path) => {
      const isNormal = isNormalPath(path);
      assert.equal(isNormal, normalize(path) === path, path);
      assert.ok(isNormalPath(normalize(path)), path);
      if (isNormal) normalCount++;
    }),
    { numRuns: 5_000 },
  );
  assert.ok(normalCount > 100);
});
