import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatPathPattern,
  parameterNames,
  parsePathPattern,
  pathShape,
  pathVariants,
  readPathPattern,
} from './path_pattern.ts';
import { PatternProblem } from './pattern_problem.ts';

function parse(text: string) {
  const pattern = parsePathPattern(text);
  assert.ok(!(pattern instanceof PatternProblem), `${text}: ${(pattern as PatternProblem).wanted}`);
  return pattern;
}

describe('parsePathPattern()', () => {
  it('brings patterns into a normal form that is parsed to the same pattern', () => {
    for (const [text, normal, shape, names] of [
      ['/', '/', '/', ''],
      ['/a/b/', '/a/b/', '/a/b/', ''],
      ['//', '//', '//', ''],
      ['/%61%2d%2f%c3%a9', '/a-%2F%C3%A9', '/a-%2F%C3%A9', ''],
      ['/a%40b%7B', '/a@b{', '/a@b{', ''],
      ['/%25%5c%3f', '/%25%5C%3F', '/%25%5C%3F', ''],
      ['/a%2a', '/a%2A', '/a%2A', ''],
      ['/:id', '/:id', '/:', 'id'],
      ['/:a_1/:B', '/:a_1/:B', '/:/:', 'a_1 B'],
      ['/:id(\\d+)', '/:id(\\d+)', '/:(\\d+)', 'id'],
      ['/:id(^\\d+$)', '/:id(\\d+)', '/:(\\d+)', 'id'],
      ['/:id(a\\$)', '/:id(a\\$)', '/:(a\\$)', 'id'],
      ['/:id(a\\\\$)', '/:id(a\\\\)', '/:(a\\\\)', 'id'],
      ['/:id((a|b)[)/(]\\))', '/:id((a|b)[)/(]\\))', '/:((a|b)[)/(]\\))', 'id'],
      ['/v:major.json', '/v:major.json', '/v:.json', 'major'],
      ['/:from-:to', '/:from-:to', '/:-:', 'from to'],
      ['/at/:h(^\\d+)h:m(^\\d+)m', '/at/:h(\\d+)h:m(\\d+)m', '/at/:(\\d+)h:(\\d+)m', 'h m'],
      ['/:id?', '/:id?', '/:?', 'id'],
      ['/docs/index?', '/docs/index?', '/docs/index?', ''],
      ['/:id(\\d?)?', '/:id(\\d?)?', '/:(\\d?)?', 'id'],
      ['/*', '/*', '/*', '*'],
      ['/a/*rest', '/a/*rest', '/a/*', 'rest'],
      ['/a::b', '/a::b', '/a::b', ''],
      ['/a%3ab', '/a::b', '/a::b', ''],
      ['/a:::b', '/a:::b', '/a:::', 'b'],
      ['/foo(bar)', '/foo(bar)', '/foo(bar)', ''],
      ['/:a%28b', '/:a%28b', '/:%28b', 'a'],
      ['/:a.(b', '/:a.(b', '/:.(b', 'a'],
    ] as const) {
      const pattern = parse(text);
      assert.equal(formatPathPattern(pattern), normal, text);
      assert.equal(pathShape(pattern), shape, text);
      assert.equal(parameterNames(pattern).join(' '), names, text);
      assert.deepEqual(parse(normal), pattern, normal);
      assert.deepEqual(readPathPattern(normal), pattern, normal);
    }
  });

  it('refuses everything else, and suggests what may have been meant', () => {
    for (const [text, wanted, suggestion] of [
      ['', /a path such as/, '/'],
      ['a', /a path such as/, '/a'],
      ['*', /a path such as/, '/*'],
      ['/é', /visible ASCII/, '/%C3%A9'],
      ['/a b', /visible ASCII/, '/a%20b'],
      ['/a\n', /visible ASCII/, '/a%0A'],
      ['/\ud800', /visible ASCII/, ''],
      ['/a?b=c', /without query/, '/a'],
      ['/a#b', /without fragment/, '/a'],
      ['/100%', /"%25"/, '/100%25'],
      ['/%4x', /"%25"/, '/%254x'],
      ['/a%00', /without NUL/, ''],
      ['/a/../b', /without "\." and "\.\." segments/, '/b'],
      ['/a/./b/.', /without "\." and/, '/a/b/'],
      ['/a/%2e%2E', /without "\." and/, '/'],
      ['/:', /a name .* behind ":"/, '/::'],
      ['/:1', /a name .* behind ":"/, '/::1'],
      ['/a:/b', /a name .* behind ":"/, '/a::/b'],
      ['/:a:b', /text between two parameters/, '/:a-:b'],
      ['/:a(\\d+):b', /text between two parameters/, '/:a(\\d+)-:b'],
      ['/:id/x/:id', /one parameter of the name "id"/, ''],
      ['/:id/*id', /one parameter of the name "id"/, ''],
      ['/:id()', /a regular expression for the parameter "id"/, ''],
      ['/:id(^$)', /a regular expression for the parameter "id"/, ''],
      ['/:id(\\d+', /a "\)" behind the pattern/, '/:id(\\d+)'],
      ['/:id((a)', /a "\)" behind the pattern/, '/:id((a))'],
      ['/:id([a)', /a "\)" behind the pattern/, '/:id([a))'],
      ['/:id(*)', /linear engine for the parameter "id" \(Nothing to repeat\)/, ''],
      ['/:id((?=a))', /linear engine .* linear time/, ''],
      ['/:id((a)\\1)', /linear engine .* linear time/, ''],
      ['/:a((?<n>x))-:b((?<n>y))', /patterns that work together .* \(Duplicate/, ''],
      ['/:id%41', /text behind ":id" that cannot be part of the name/, ''],
      ['/a*', /a wildcard as the whole last segment/, '/*'],
      ['/a/b*c/d', /a wildcard as the whole last segment/, '/a/*'],
      ['/*/b', /a wildcard as the whole last segment/, '/*'],
      ['/*rest/b', /a wildcard as the whole last segment/, '/*rest'],
      ['/**', /a wildcard as the whole last segment/, '/*'],
      ['/*?', /a wildcard as the whole last segment/, '/*'],
      ['/?', /a segment before the "\?"/, '/'],
      ['/a/?', /a segment before the "\?"/, '/a/'],
      [`/${'x/'.repeat(256)}`, /at most 256 segments/, ''],
      [Array.from({ length: 33 }, (_, i) => `/:p${i}`).join(''), /at most 32 parameters/, ''],
    ] as const) {
      const problem = parsePathPattern(text);
      assert.ok(problem instanceof PatternProblem, text);
      assert.match(problem.wanted, wanted, text);
      assert.equal(problem.suggestion, suggestion, text);
      // What is suggested is right, or at least not wrong in the same way.
      if (suggestion === '' || suggestion.endsWith('([a))')) continue;
      assert.ok(!(parsePathPattern(suggestion) instanceof PatternProblem), suggestion);
    }
  });

  it('lets no pattern reach out of its parentheses', () => {
    for (const source of ['a)|(b', 'a)(?:b', ')(']) {
      const result = parsePathPattern(`/:id(${source})`);
      // The first parenthesis that closes ends the pattern; what follows is text.
      assert.ok(
        result instanceof PatternProblem || formatPathPattern(result).includes(')'),
        source,
      );
      if (result instanceof PatternProblem) continue;
      const part = result.segments[0]![0]!;
      assert.ok(part.kind === 'parameter' && !part.pattern.includes(')'));
    }
  });
});

describe('pathVariants()', () => {
  it('are the path with and without its optional last segment', () => {
    const variants = (text: string) => pathVariants(parse(text)).map(formatPathPattern);
    assert.deepEqual(variants('/a/:b'), ['/a/:b']);
    assert.deepEqual(variants('/a/:b?'), ['/a/:b', '/a']);
    assert.deepEqual(variants('/:b?'), ['/:b', '/']);
  });
});
