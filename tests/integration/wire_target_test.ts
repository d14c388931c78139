// Request targets of all four forms (RFC 9112 section 3.2), their normalisation (RFC 3986 section
// 6.2.2) and what the origin is sent for each, over real sockets; Max-Forwards (RFC 9110 section
// 7.6.2), CONNECT and routes.

import assert from 'node:assert/strict';
import type { UnsafePath } from '../../src/config/route_config.ts';
import { fieldValue } from '../support/wire_message.ts';
import { type WireSuite, wireSuite } from '../support/wire_suite.ts';

/** Target as sent, target as the origin has to see it. */
const FORWARDED: ReadonlyArray<readonly [string, string]> = [
  ['/', '/'],
  ['/a/b?c=d&e', '/a/b?c=d&e'],
  ['/?', '/?'],
  ['/a?b?c', '/a?b?c'],
  // Section 6.2.2.2: escapes of unreserved characters; 6.2.2.1: digits in upper case.
  ['/%61%2d%7E', '/a-~'],
  ['/%2561', '/%2561'],
  ['/?q=%61%2f', '/?q=%61%2f'],
  ['/%3f%3a', '/%3F%3A'],
  // Section 5.2.4: dot segments; never above the root.
  ['/a/./b/../c', '/a/c'],
  ['/../../etc/passwd', '/etc/passwd'],
  ['/a/..', '/'],
  ['/a/.', '/a/'],
  ['/...', '/...'],
  ['/?/../x', '/?/../x'],
  // What is not equivalent stays.
  ['//a//b', '//a//b'],
  ['/a;b=c', '/a;b=c'],
  // What browsers send though RFC 3986 does not have it.
  ['/|^{}"<>`', '/|^{}"<>`'],
  ['/?|^{}"<>`\\', '/?|^{}"<>`\\'],
  ["/[a]@:!$&'()*+,;=", "/[a]@:!$&'()*+,;="],
];

/** Absolute target, path and Host that the origin has to see. */
const ABSOLUTE: ReadonlyArray<readonly [string, string, string]> = [
  ['http://example.com/a?b', '/a?b', 'example.com'],
  ['http://example.com', '/', 'example.com'],
  ['http://example.com?b', '/?b', 'example.com'],
  ['HTTP://Example.com:81/a/../b', '/b', 'Example.com:81'],
  ['http://[::1]:81/', '/', '[::1]:81'],
];

/** Spellings that servers read differently: refused unless a route has them in `unsafePaths`. */
const UNSAFE: ReadonlyArray<readonly [string, string, string]> = [
  ['/a%2fb', '/a%2Fb', 'encoded-slash'],
  ['/a%5cb', '/a%5Cb', 'encoded-backslash'],
  ['/a%00', '/a%00', 'encoded-nul'],
  ['/a/%2e%2E/b', '/b', 'encoded-dots'],
  ['/a\\..\\b', '/a\\..\\b', 'backslash'],
  ['/a/..;x/b', '/a/..;x/b', 'dots-with-parameters'],
];

const REFUSED = [
  '/a#b',
  '/a\x7f',
  '/\xe9',
  '/a\tb',
  '/a\0b',
  '/%',
  '/%6',
  '/%zz',
  'a',
  'example.com:80',
  '*',
  '*a',
  '?a',
  'http://',
  'http:///a',
  'http://u@example.com/',
  'http://u:p@example.com/',
  'http://a:b/',
  'http://a b/',
  'http:/a',
  'ftp://example.com/',
  'javascript:alert',
];

wireSuite('request targets', { accessLog: {} }, (suite) => {
  for (const [sent, expected] of FORWARDED) {
    suite.test(`forwards ${sent} as ${expected}`, async (proxied) => {
      const client = await proxied.send(`GET ${sent} HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.equal((await client.response()).status, 200);
      assert.equal(proxied.origin.requests[0]!.target, expected);
    });
  }

  for (const [target, path, host] of ABSOLUTE) {
    // Section 3.2.2: the authority of an absolute target replaces Host; the origin form is sent.
    suite.test(`forwards ${target} in origin form, its authority as Host`, async (proxied) => {
      const client = await proxied.send(`GET ${target} HTTP/1.1\r\nHost: other\r\n\r\n`);
      assert.equal((await client.response()).status, 200);
      const [request] = proxied.origin.requests;
      assert.equal(request!.target, path);
      assert.equal(fieldValue(request!.fields, 'host'), host);
      assert.equal(fieldValue(request!.fields, 'x-forwarded-host'), host);
    });
  }

  for (const [sent, expected, name] of UNSAFE) {
    suite.test(`refuses ${sent}`, async (proxied) => {
      const client = await proxied.send(`GET ${sent} HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.equal((await client.response()).status, 400);
      assert.equal(proxied.origin.requests.length, 0);
      assert.equal((await proxied.logged())[0]!.error, 'request_path_refused');
    });
    suite.testWith(
      `forwards ${sent} as ${expected} where that is allowed`,
      (origin) => ({
        upstreams: { origin: { endpoints: [origin.url] } },
        routes: [{ upstream: 'origin', unsafePaths: [name as UnsafePath] }],
      }),
      async (proxied) => {
        const client = await proxied.send(`GET ${sent} HTTP/1.1\r\nHost: a\r\n\r\n`);
        assert.equal((await client.response()).status, 200);
        assert.equal(proxied.origin.requests[0]!.target, expected);
      },
    );
  }

  for (const target of REFUSED) {
    suite.test(`refuses GET ${JSON.stringify(target)}`, async (proxied) => {
      const client = await proxied.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
      const answers = await client.responsesUntilOver();
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [400],
      );
      assert.equal(proxied.origin.requests.length, 0);
    });
  }

  defineScheme(suite);
  defineConnect(suite);
  defineOptions(suite);
  defineMaxForwards(suite);
  defineRoutes(suite);
});

function defineScheme(suite: WireSuite): void {
  const request = 'GET HTTPS://b/x HTTP/1.1\r\nHost: a\r\n\r\n';

  // RFC 9110 section 7.4: MUST be refused over a connection that is not secured.
  suite.test('answers 421 to an https target on a clear connection', async (proxied) => {
    const client = await proxied.send(request);
    assert.equal((await client.response()).status, 421);
    assert.equal(proxied.origin.requests.length, 0);
    assert.equal((await proxied.logged())[0]!.error, 'misdirected_request');
    client.write('GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.response()).status, 200);
  });

  suite.testWith(
    'takes an https target from a trusted gateway',
    { trustedProxies: ['127.0.0.1'] },
    async (proxied) => {
      const client = await proxied.send(request);
      assert.equal((await client.response()).status, 200);
      assert.equal(fieldValue(proxied.origin.requests[0]!.fields, 'host'), 'b');
    },
  );

  suite.test('takes Host from an absolute target of HTTP/1.0', async (proxied) => {
    const client = await proxied.send('GET http://b:81 HTTP/1.0\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    const [received] = proxied.origin.requests;
    assert.equal(received!.startLine, 'GET / HTTP/1.1');
    assert.equal(fieldValue(received!.fields, 'host'), 'b:81');
  });
}

function defineConnect(suite: WireSuite): void {
  suite.test('answers CONNECT with 405 and Allow, and opens no tunnel', async (proxied) => {
    const client = await proxied.send('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n');
    const answer = await client.response();
    assert.equal(answer.status, 405);
    // RFC 9110 section 15.5.6: an origin server MUST send Allow in a 405.
    assert.match(fieldValue(answer.fields, 'allow')!, /GET/);
    assert.doesNotMatch(fieldValue(answer.fields, 'allow')!, /CONNECT/);
    assert.equal(proxied.origin.requests.length, 0);
    assert.equal((await proxied.logged())[0]!.error, 'method_not_allowed');
  });

  for (const target of ['/', 'a', 'a:', ':443', 'http://a:443', 'a:443/', '*']) {
    suite.test(`refuses CONNECT ${target}`, async (proxied) => {
      const client = await proxied.send(`CONNECT ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
      const answers = await client.responsesUntilOver();
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [400],
      );
    });
  }
}

function defineOptions(suite: WireSuite): void {
  // RFC 9110 section 9.3.7: it asks about the server, which is us; RFC 9112 section 3.2.4: an
  // absolute target without a path means the same.
  for (const target of ['*', 'http://b:81']) {
    suite.test(`answers OPTIONS ${target} itself`, async (proxied) => {
      const client = await proxied.send(`OPTIONS ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.equal((await client.response('OPTIONS')).status, 200);
      assert.equal(proxied.origin.requests.length, 0);
    });
  }

  for (const method of ['OPTIONS', 'TRACE']) {
    suite.test(`answers ${method} with Max-Forwards: 0 itself`, async (proxied) => {
      const client = await proxied.send(
        `${method} /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n` +
          'Cookie: secret\r\nX-Seen: 1\r\n\r\n',
      );
      const answer = await client.response();
      assert.equal(answer.status, 200);
      assert.equal(proxied.origin.requests.length, 0);
      if (method !== 'TRACE') return;
      // RFC 9110 section 9.3.8: the request as received, without what is sensitive.
      assert.equal(fieldValue(answer.fields, 'content-type'), 'message/http');
      assert.match(answer.body.toString(), /^TRACE \/x HTTP\/1\.1\r\n(?:.*\r\n)*X-Seen: 1\r\n/);
      assert.doesNotMatch(answer.body.toString(), /secret/);
    });

    // RFC 9110 section 7.6.2: MUST be forwarded with the value less one.
    suite.test(`counts Max-Forwards of ${method} down`, async (proxied) => {
      const client = await proxied.send(
        `${method} /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 10\r\n\r\n`,
      );
      assert.equal((await client.response()).status, 200);
      assert.equal(fieldValue(proxied.origin.requests[0]!.fields, 'max-forwards'), '9');
    });
  }
}

function defineMaxForwards(suite: WireSuite): void {
  for (const [sent, expected] of [
    ['99999999999999999999', '999999999'],
    ['007', '6'],
    ['many', 'many'],
    ['-1', '-1'],
  ] as const) {
    suite.test(`sends Max-Forwards: ${sent} on as ${expected}`, async (proxied) => {
      const client = await proxied.send(
        `OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: ${sent}\r\n\r\n`,
      );
      assert.equal((await client.response()).body.toString(), 'origin /');
      assert.equal(fieldValue(proxied.origin.requests[0]!.fields, 'max-forwards'), expected);
    });
  }

  suite.test('takes a Max-Forwards of many zeros for 0', async (proxied) => {
    const client = await proxied.send(
      `OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: ${'0'.repeat(20)}\r\n\r\n`,
    );
    assert.equal((await client.response()).status, 200);
    assert.equal(proxied.origin.requests.length, 0);
  });

  suite.test('leaves Max-Forwards of GET alone', async (proxied) => {
    const client = await proxied.send('GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    assert.equal(fieldValue(proxied.origin.requests[0]!.fields, 'max-forwards'), '0');
  });
}

function defineRoutes(suite: WireSuite): void {
  suite.testWith(
    'matches routes by the normalised path and the host that counts',
    (origin) => ({
      upstreams: { origin: { endpoints: [origin.url] } },
      routes: [
        { host: 'example.com', upstream: 'origin' },
        { path: '/open/*', upstream: 'origin' },
      ],
    }),
    async (proxied) => {
      const client = await proxied.client();
      const status = async (line: string, host: string): Promise<number> => {
        client.write(`${line} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
        return (await client.response()).status;
      };
      assert.equal(await status('GET /', 'example.com'), 200);
      assert.equal(await status('GET /', 'EXAMPLE.COM:8080'), 200);
      assert.equal(await status('GET /', 'other'), 404);
      assert.equal(await status('GET http://example.com/', 'other'), 200);
      assert.equal(await status('GET http://other/', 'example.com'), 404);
      assert.equal(await status('GET /open/a', 'other'), 200);
      assert.equal(await status('GET /%6fpen/a', 'other'), 200);
      assert.equal(await status('GET /open/../secret', 'other'), 404);
      assert.equal(await status('GET /open/%2e%2e/secret', 'other'), 400);
      assert.equal(await status('OPTIONS *', 'other'), 200);
      assert.deepEqual(
        proxied.origin.requests.map((request) => request.target),
        ['/', '/', '/', '/open/a', '/open/a'],
      );
      assert.equal(proxied.lines[2]!.error, 'route_not_found');
    },
  );
}
