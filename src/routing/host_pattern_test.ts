import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatHostPattern, parseHostPattern, readHostPattern } from './host_pattern.ts';
import { PatternProblem } from './pattern_problem.ts';

describe('parseHostPattern()', () => {
  it('brings hosts into a normal form that is parsed to the same pattern', () => {
    for (const [text, normal, kind] of [
      ['example.com', 'example.com', 'exact'],
      ['EXAMPLE.Com', 'example.com', 'exact'],
      ['localhost', 'localhost', 'exact'],
      ['my_service', 'my_service', 'exact'],
      ['xn--bcher-kva.example', 'xn--bcher-kva.example', 'exact'],
      ['bücher.example', 'xn--bcher-kva.example', 'exact'],
      ['BÜCHER。example', 'xn--bcher-kva.example', 'exact'],
      ['10.0.0.1', '10.0.0.1', 'exact'],
      ['[::1]', '[::1]', 'exact'],
      ['[0:0:0:0:0:0:0:1]', '[::1]', 'exact'],
      ['[2001:DB8:0:0:1:0:0:1]', '[2001:db8::1:0:0:1]', 'exact'],
      ['[::ffff:10.0.0.1]', '[::ffff:10.0.0.1]', 'exact'],
      ['[1:2:3:4:5:6:7:8]', '[1:2:3:4:5:6:7:8]', 'exact'],
      ['[::]', '[::]', 'exact'],
      ['[1:0:3:4:5:6:7:8]', '[1:0:3:4:5:6:7:8]', 'exact'],
      ['*.example.com', '*.example.com', 'one-label'],
      ['*.Bücher.example', '*.xn--bcher-kva.example', 'one-label'],
      ['*.com', '*.com', 'one-label'],
      ['**.example.com', '**.example.com', 'any-depth'],
    ] as const) {
      const pattern = parseHostPattern(text);
      assert.ok(!(pattern instanceof PatternProblem), text);
      assert.equal(pattern.kind, kind);
      assert.equal(formatHostPattern(pattern), normal);
      assert.deepEqual(parseHostPattern(normal), pattern);
      assert.deepEqual(readHostPattern(normal), pattern);
    }
  });

  it('refuses everything else, and suggests what may have been meant', () => {
    for (const [text, suggestion] of [
      ['', ''],
      ['*', ''],
      ['**', ''],
      ['example.com:8080', 'example.com'],
      ['*.example.com:80', '*.example.com'],
      ['[::1]:80', '[::1]'],
      ['10.0.0.1:80', '10.0.0.1'],
      ['example.com.', 'example.com'],
      ['https://example.com/path?x', 'example.com'],
      ['http://[::1]:80/', '[::1]'],
      ['user@example.com', 'example.com'],
      ['example.com/api', 'example.com'],
      ['::1', '[::1]'],
      ['0:0::1', '[::1]'],
      ['.example.com', '*.example.com'],
      ['*example.com', '*.example.com'],
      ['bücher.example:80', 'xn--bcher-kva.example'],
      ['[::1', ''],
      ['[fe80::1%eth0]', ''],
      ['[v1.x]', ''],
      ['a.*.com', ''],
      ['***.example.com', ''],
      ['*.*.example.com', ''],
      ['*.10.0.0.1', ''],
      ['*.[::1]', ''],
      ['10.0.0', ''],
      ['10.0.0.256', ''],
      ['example.0x7f', ''],
      ['a..b', ''],
      ['-a.b', ''],
      ['a b', ''],
      ['a\u0000b', ''],
      ['ex%61mple.com', ''],
      [`${'a'.repeat(64)}.com`, ''],
      [`${'a.'.repeat(130)}com`, ''],
    ] as const) {
      const problem = parseHostPattern(text);
      assert.ok(problem instanceof PatternProblem, text);
      assert.match(problem.wanted, /a host name without a port/);
      assert.equal(problem.suggestion, suggestion, text);
      if (suggestion !== '') {
        assert.ok(!(parseHostPattern(suggestion) instanceof PatternProblem), suggestion);
      }
    }
  });
});
