import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FACTS, MiddlewareBench } from '../../../tests/support/middleware_bench.ts';
import { HookOutcome } from '../hook_outcome.ts';
import { compilePipeline } from '../pipeline.ts';
import { HEADERS, headers } from './headers.ts';
import type { HeadersOptions } from './headers_options.ts';

const { DONE } = HookOutcome;

interface Sent {
  readonly request: string[];
  readonly response: string[];
}

/** Field lines that are sent up and down. */
function send(options: HeadersOptions, request: string[] = [], response: string[] = []): Sent {
  const bench = new MiddlewareBench();
  bench.paramNames.push('id');
  bench.paramTexts.push('a%0D%0Ab');
  const use = { name: 'headers', module: '', options: headers(options).headers, source: null };
  const pipeline = compilePipeline([use], { route: 'test', log: bench.log })!;
  bench.request('GET /a?b=c HTTP/1.1', ...request);
  const run = bench.runs.begin(pipeline, bench);
  assert.equal(run.runRequest(), DONE);
  const requestLines = bench.requestLines().slice(2);
  assert.equal(run.runResponse(bench.response('HTTP/1.1 404 X', ...response)), DONE);
  const responseLines = bench.responseLines(run.responseHead).slice(1);
  run.finish(FACTS);
  bench.assertClean();
  return {
    request: requestLines,
    response: responseLines.filter((line) => !line.startsWith('Transfer-Encoding')),
  };
}

describe('the headers middleware', () => {
  test('sets, adds and removes on both sides', () => {
    const sent = send(
      {
        request: {
          remove: ['X-Secret', 'x-internal-*'],
          set: { 'X-Client': '{clientIp}', 'X-Old': 'new' },
          add: { 'X-Tag': ['a', 'b'], 'X-One': 'c' },
        },
        response: {
          remove: 'server',
          set: { 'X-Status': '{status} for {method} {path}?{query}' },
          add: { 'Set-Cookie': 'seen=1' },
        },
      },
      [
        'X-Secret: 1',
        'X-Internal-A: 1',
        'x-INTERNAL-b: 2',
        'X-Internal: 3',
        'X-Old: 1',
        'x-old: 2',
      ],
      ['Server: s', 'Set-Cookie: a=1'],
    );
    assert.deepEqual(sent.request, [
      'X-Internal: 3',
      'X-Old: new',
      'X-Client: 192.0.2.7',
      'X-Tag: a',
      'X-Tag: b',
      'X-One: c',
    ]);
    assert.deepEqual(sent.response, [
      'Set-Cookie: a=1',
      'X-Status: 404 for GET /a?b=c',
      'Set-Cookie: seen=1',
    ]);
  });

  test('removes before it sets, and keeps a constant that is empty', () => {
    const { request } = send({ request: { remove: 'x-*', set: { 'X-A': '', 'X-B': '{{}}' } } }, [
      'X-A: 1',
      'X-C: 2',
    ]);
    assert.deepEqual(request, ['X-A: ', 'X-B: {}']);
  });

  test('does not let a client pass off its own value for one that is not there', () => {
    const { request } = send(
      { request: { set: { 'X-User': '{cookies.user}' }, add: { 'X-More': '{headers.x-none}' } } },
      ['X-User: admin'],
    );
    assert.deepEqual(request, []);
  });

  test('keeps a parameter percent-encoded: no line is ended early', () => {
    const { request } = send({ request: { set: { 'X-Id': '{params.id}' } } });
    assert.deepEqual(request, ['X-Id: a%0D%0Ab']);
  });

  test('reads the request in templates of the response', () => {
    const { response } = send(
      { response: { set: { 'X-Agent': '{headers.user-agent}', 'X-Route': '{route}' } } },
      ['User-Agent: curl'],
    );
    assert.deepEqual(response, ['X-Agent: curl', 'X-Route: test']);
  });

  test('a prefix leaves alone what is not to be touched', () => {
    const { response } = send(
      { response: { remove: 'c*' } },
      [],
      ['Content-Length: 0', 'Content-Type: a/b', 'Cache-Control: x'],
    );
    assert.deepEqual(response, ['Content-Length: 0']);
  });

  test('has no hooks where nothing is changed', () => {
    for (const options of [{}, { request: {} }, { response: { remove: [], set: {} } }]) {
      const environment = { route: '', log: { log: (): void => undefined } };
      assert.deepEqual(HEADERS.create(HEADERS.parse!(options), environment), {});
    }
  });

  const refused: [options: unknown, message: RegExp][] = [
    [null, /^wanted "request", "response"$/],
    [[], /^wanted "request"/],
    [{ requests: {} }, /^the key "requests" is unknown, wanted "request", "response"$/],
    [{ request: 5 }, /^request: wanted "remove", "set", "add"$/],
    [{ request: { sets: {} } }, /^request: the key "sets" is unknown/],
    [{ request: { remove: 5 } }, /^request.remove: wanted a header name or a list/],
    [{ request: { remove: ['a', 5] } }, /^request.remove\[1\]: wanted a header name$/],
    [{ request: { remove: '*' } }, /^request.remove: wanted a header name, not ""$/],
    [
      { request: { remove: ['a', 'b c'] } },
      /^request.remove\[1\]: wanted a header name, not "b c"/,
    ],
    [
      { request: { remove: 'Host' } },
      /^request.remove: "Host" cannot be changed: set "hostHeader"/,
    ],
    [{ request: { set: { host: 'x' } } }, /^request.set.host: "host" cannot be changed/],
    [{ request: { set: { 'Content-Length': '1' } } }, /it follows from the body$/],
    [{ response: { add: { connection: 'close' } } }, /concerns one connection only/],
    [{ response: { set: { 'a:b': 'x' } } }, /^response.set.a:b: wanted a header name/],
    [{ response: { set: { a: 5 } } }, /^response.set.a: wanted a text$/],
    [
      { response: { set: { a: null } } },
      /^response.set.a: wanted a text \(to remove it: "remove"\)$/,
    ],
    [{ response: { set: { a: ['x'] } } }, /^response.set.a: wanted a text$/],
    [{ response: { add: { a: ['x', 1] } } }, /^response.add.a: wanted a text$/],
    [{ response: { set: { a: 'x\r\ny: z' } } }, /without line breaks/],
    [{ response: { set: { a: '\u20ac' } } }, /without line breaks/],
    [{ response: { set: { 'X-A': '1', 'x-a': '2' } } }, /"X-A" and "x-a" are one header/],
    [
      { request: { set: { a: '{status}' } } },
      /^request.set.a: "\{status\}" is unknown, wanted one of/,
    ],
    [{ request: { set: { a: '{path' } } }, /^request.set.a: wanted each "\{" closed/],
  ];
  for (const [options, message] of refused) {
    test(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(() => HEADERS.parse!(options), { message });
    });
  }
});
