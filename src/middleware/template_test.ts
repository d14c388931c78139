import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  isTemplateError,
  parseTemplate,
  renderTemplate,
  type Template,
  type TemplateContext,
  type TemplateSource,
  templateNames,
} from './template.ts';

const SOURCE: TemplateSource = {
  path: '/a%20b/c',
  query: 'x=1&y=2',
  host: 'example.com:8443',
  method: 'GET',
  scheme: 'https',
  clientIp: '192.0.2.7',
  requestId: 'id-1',
  route: 'my route',
  status: 404,
  param: (name) => (name === 'id' ? 'a%2Fb' : ''),
  header: (name) => (name === 'user-agent' ? 'curl/8 (x; y)' : ''),
  cookie: (name) => (name === 'session' ? '../../é' : ''),
};

function parsed(text: string, context: TemplateContext): Template {
  const template = parseTemplate(text, context);
  if (isTemplateError(template)) throw new Error(`"${text}": wanted ${template.wanted}`);
  return template;
}

function render(text: string, context: TemplateContext, source: Partial<TemplateSource> = {}) {
  return renderTemplate(parsed(text, context), { ...SOURCE, ...source });
}

describe('renderTemplate()', () => {
  const cases: [text: string, context: TemplateContext, rendered: string][] = [
    ['plain', 'request', 'plain'],
    ['', 'request', ''],
    ['{{not a field}}', 'request', '{not a field}'],
    ['{path}?{query}', 'request', '/a%20b/c?x=1&y=2'],
    ['{target}', 'request', '/a%20b/c?x=1&y=2'],
    ['{host} {hostname}', 'request', 'example.com:8443 example.com'],
    ['{method} {scheme} {clientIp}', 'request', 'GET https 192.0.2.7'],
    ['{requestId} of {route}', 'request', 'id-1 of my route'],
    ['{params.id}|{params.other}|', 'request', 'a%2Fb||'],
    ['{headers.User-Agent}', 'request', 'curl/8 (x; y)'],
    ['{cookies.session}', 'request', '../../é'],
    ['s={status}', 'response', 's=404'],
    ['/v2{path}', 'path', '/v2/a%20b/c'],
    ['{path}/x', 'path', '/a%20b/c/x'],
    ['/u/{params.id}?n={headers.user-agent}', 'path', '/u/a%2Fb?n=curl%2F8%20%28x%3B%20y%29'],
    ['/u/{cookies.session}', 'path', '/u/..%2F..%2F%E9'],
    ['https://{host}{target}', 'location', 'https://example.com:8443/a%20b/c?x=1&y=2'],
    ['{scheme}://{hostname}/x#top', 'location', 'https://example.com/x#top'],
    ['/r/{route}', 'location', '/r/my%20route'],
  ];
  for (const [text, context, rendered] of cases) {
    test(`renders "${text}" in the context ${context}`, () => {
      assert.equal(render(text, context), rendered);
    });
  }

  test('returns a constant without asking for anything', () => {
    const source = new Proxy(SOURCE, {
      get() {
        throw new Error('asked');
      },
    });
    assert.equal(renderTemplate(parsed('a{{b}}', 'request'), source), 'a{b}');
  });

  test('asks only for what is named', () => {
    const asked: string[] = [];
    const source = new Proxy(SOURCE, {
      get(target, key, receiver) {
        asked.push(String(key));
        return Reflect.get(target, key, receiver);
      },
    });
    renderTemplate(parsed('{clientIp}/{params.id}', 'request'), source);
    assert.deepEqual(asked, ['clientIp', 'param']);
  });

  test('leaves out the ? of a target without a query', () => {
    assert.equal(render('{target}', 'location', { query: '' }), '/a%20b/c');
  });

  test('keeps the brackets of an IPv6 host', () => {
    assert.equal(render('{hostname}', 'request', { host: '[::1]:80' }), '[::1]');
    assert.equal(render('{hostname}', 'request', { host: '[::1]' }), '[::1]');
  });
});

describe('renderTemplate() never lets a request choose the authority of a location', () => {
  const cases: [text: string, source: Partial<TemplateSource>, rendered: string][] = [
    ['{path}', { path: '//evil.example/x' }, '/evil.example/x'],
    ['{path}', { path: '////evil.example' }, '/evil.example'],
    ['{target}', { path: '//evil.example', query: 'a' }, '/evil.example?a'],
    ['/{params.rest}', { param: () => '/evil.example' }, '/evil.example'],
    ['/{params.rest}', { param: () => '\\evil.example' }, '/%5Cevil.example'],
    ['{path}', { path: '/\\evil.example' }, '/%5Cevil.example'],
    ['https://{params.t}.example.com/', { param: () => 'evil/x' }, 'https://evil%2Fx.example.com/'],
    ['{scheme}://{params.t}.a', { param: () => 'evil/x' }, 'https://evil%2Fx.a'],
    ['//{params.t}.a/{params.t}', { param: () => 'x/y' }, '//x%2Fy.a/x/y'],
    ['https://a.example/{params.t}', { param: () => 'x/y' }, 'https://a.example/x/y'],
    ['https://a.example{path}', { path: '//x' }, 'https://a.example//x'],
  ];
  for (const [text, source, rendered] of cases) {
    test(`${text} becomes ${rendered}`, () => {
      assert.equal(render(text, 'location', source), rendered);
    });
  }

  test('whatever the path is', () => {
    const path = fc.stringMatching(/^\/[a-z/\\.@:]{0,8}$/);
    fc.assert(
      fc.property(path, fc.constantFrom('{path}', '{target}', '/{params.x}'), (value, text) => {
        const location = render(text, 'location', { path: value, query: '', param: () => value });
        assert.equal(new URL(location, 'http://own.example/').host, 'own.example');
      }),
    );
  });
});

describe('parseTemplate()', () => {
  const refused: [text: string, context: TemplateContext, wanted: RegExp][] = [
    ['{', 'request', /closed by a "}"/],
    ['a}b', 'request', /closed by a "}"/],
    ['{path', 'request', /closed/],
    ['{a{b}}', 'request', /closed/],
    ['{status}', 'request', /one of \{path\}/],
    ['{nothing}', 'response', /\{status\}/],
    ['{}', 'request', /one of/],
    ['{params}', 'request', /one of/],
    ['{query.x}', 'request', /one of/],
    ['{params.a-b}', 'request', /path parameter/],
    ['{params.}', 'request', /path parameter/],
    ['{headers.a b}', 'request', /name of a header/],
    ['{cookies.}', 'request', /name of a cookie/],
    ['a\r\nb', 'request', /control characters/],
    ['\0', 'response', /control characters/],
    ['\u20ac', 'request', /U\+00FF/],
    ['x', 'path', /begins with "\/"/],
    ['{query}', 'path', /begins with "\/"/],
    ['/a#b', 'path', /URI/],
    ['/a b', 'path', /URI/],
    ['/é', 'location', /URI/],
    ['/%zz', 'path', /URI/],
    ['/a\\b', 'location', /URI/],
    ['/{{x}}', 'path', /URI/],
    ['{params.rest}', 'location', /a location that begins/],
    ['{host}/x', 'location', /a location that begins/],
    ['x{params.rest}', 'location', /a location that begins/],
  ];
  for (const [text, context, wanted] of refused) {
    test(`refuses ${JSON.stringify(text)} in the context ${context}`, () => {
      const error = parseTemplate(text, context);
      assert.ok(isTemplateError(error));
      assert.match(error.wanted, wanted);
    });
  }

  test('names what is unknown and what is known', () => {
    const error = parseTemplate('{clientip}', 'request');
    assert.ok(isTemplateError(error));
    assert.equal(error.unknown, 'clientip');
    assert.deepEqual(error.names, templateNames('request'));
  });

  test('lists the path parameters that it needs', () => {
    assert.deepEqual(parsed('/{params.a}/{params.b}', 'path').params, ['a', 'b']);
    assert.deepEqual(parsed('/a', 'path').params, []);
  });

  test('yields header values that can be sent, for every text that it takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
        const template = parseTemplate(text, 'response');
        if (isTemplateError(template)) return;
        // biome-ignore lint/suspicious/noControlCharactersInRegex: those that must not be there
        assert.doesNotMatch(renderTemplate(template, SOURCE), /[\u0000-\u0008\n\r\u0100-\uffff]/);
      }),
    );
  });
});
