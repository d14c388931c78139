// The request line, the field lines and Host, over real sockets: RFC 9112 sections 2 to 5 and RFC
// 9110 sections 5 and 7.2. A malformed head is answered with the connection's end and never
// forwarded.

import assert from 'node:assert/strict';
import { fieldValue, fieldValues } from '../support/wire_message.ts';
import { type WireSuite, wireSuite } from '../support/wire_suite.ts';

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

/** Name, status, and the bytes of a head up to its empty line. */
const REFUSED: ReadonlyArray<readonly [string, number, string]> = [
  // RFC 9112 section 2.2: a bare CR; a recipient may take a bare LF, and we do not.
  ['a bare LF behind the request line', 400, 'GET / HTTP/1.1\nHost: a\r\n'],
  ['a bare LF behind a field', 400, 'GET / HTTP/1.1\r\nHost: a\nX: y\r\n'],
  ['a bare CR behind the request line', 400, 'GET / HTTP/1.1\rHost: a\r\n'],
  ['a bare CR in a value', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX: y\rz\r\n'],
  ['a bare CR before CRLF', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\r\n'],
  ['a bare LF in a value', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX: y\nz\r\n'],
  // Section 2.2: white space between the start line and the first field.
  ['white space before the first field', 400, 'GET / HTTP/1.1\r\n Host: a\r\n'],
  ['white space alone before the first field', 400, 'GET / HTTP/1.1\r\n \r\nHost: a\r\n'],
  ['white space before the request line', 400, ' GET / HTTP/1.1\r\nHost: a\r\n'],
  // Section 5.2: obs-fold.
  ['a folded value', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n'],
  ['a value folded with a tab', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n'],
  ['a folded Host', 400, 'GET / HTTP/1.1\r\nHost:\r\n a\r\n'],
  // Section 5.1: white space between name and colon MUST be refused.
  ['space before a colon', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n'],
  ['a tab before a colon', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX\t: y\r\n'],
  ['space before the colon of Host', 400, 'GET / HTTP/1.1\r\nHost : a\r\n'],
  // RFC 9110 section 5.1 and 5.5.
  ['a line without a colon', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX\r\n'],
  ['an empty name', 400, 'GET / HTTP/1.1\r\nHost: a\r\n: y\r\n'],
  ['a space in a name', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n'],
  ['a NUL in a name', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX\0: y\r\n'],
  ['an 8-bit character in a name', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX\xe9: y\r\n'],
  ['parentheses in a name', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX(y): z\r\n'],
  ['a quote in a name', 400, 'GET / HTTP/1.1\r\nHost: a\r\n"X": z\r\n'],
  ['a NUL in a value', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX: y\0z\r\n'],
  ['an escape character in a value', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX: y\x1bz\r\n'],
  ['DEL in a value', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX: y\x7fz\r\n'],
  ['a bell in a value', 400, 'GET / HTTP/1.1\r\nHost: a\r\nX: \x07\r\n'],
  // RFC 9112 section 3: exactly one space between the parts.
  ['two spaces behind the method', 400, 'GET  / HTTP/1.1\r\nHost: a\r\n'],
  ['two spaces before the version', 400, 'GET /  HTTP/1.1\r\nHost: a\r\n'],
  ['a tab behind the method', 400, 'GET\t/ HTTP/1.1\r\nHost: a\r\n'],
  ['a space behind the version', 400, 'GET / HTTP/1.1 \r\nHost: a\r\n'],
  ['no version', 400, 'GET /\r\nHost: a\r\n'],
  ['a space inside the target', 400, 'GET /a b HTTP/1.1\r\nHost: a\r\n'],
  ['invalid characters in the method', 400, 'GE(T / HTTP/1.1\r\nHost: a\r\n'],
  ['an 8-bit character in the method', 400, 'G\xcbT / HTTP/1.1\r\nHost: a\r\n'],
  ['an empty method', 400, '/ HTTP/1.1\r\nHost: a\r\n'],
  ['a TLS client hello', 400, '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n'],
  // RFC 9112 section 2.3: HTTP-name is case-sensitive; a digit, a dot, a digit.
  ['a version in lower case', 400, 'GET / http/1.1\r\nHost: a\r\n'],
  ['another protocol', 400, 'GET / HTTQ/1.1\r\nHost: a\r\n'],
  ['a version of two digits', 400, 'GET / HTTP/1.10\r\nHost: a\r\n'],
  ['a version without a dot', 400, 'GET / HTTP/11\r\nHost: a\r\n'],
  ['version 2.0', 505, 'GET / HTTP/2.0\r\nHost: a\r\n'],
  ['the preface of HTTP/2', 505, 'PRI * HTTP/2.0\r\n'],
  ['version 0.9 in full', 505, 'GET / HTTP/0.9\r\nHost: a\r\n'],
  ['version 3.1', 505, 'GET / HTTP/3.1\r\nHost: a\r\n'],
  // RFC 9112 section 3.2: exactly one valid Host in HTTP/1.1.
  ['no Host', 400, 'GET / HTTP/1.1\r\nX: y\r\n'],
  ['no Host and an absolute target', 400, 'GET http://a/ HTTP/1.1\r\nX: y\r\n'],
  ['two Hosts', 400, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n'],
  ['two equal Hosts', 400, 'GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n'],
  ['two Hosts in HTTP/1.0', 400, 'GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n'],
  ['an empty Host', 400, 'GET / HTTP/1.1\r\nHost:\r\n'],
  ['a list of Hosts', 400, 'GET / HTTP/1.1\r\nHost: a, b\r\n'],
  ['a Host with a path', 400, 'GET / HTTP/1.1\r\nHost: a/b\r\n'],
  ['a Host with user information', 400, 'GET / HTTP/1.1\r\nHost: u@a\r\n'],
  ['a Host with a scheme', 400, 'GET / HTTP/1.1\r\nHost: http://a\r\n'],
  ['a Host with a space', 400, 'GET / HTTP/1.1\r\nHost: a b\r\n'],
  ['a Host with a query', 400, 'GET / HTTP/1.1\r\nHost: a?b\r\n'],
  ['a Host with a fragment', 400, 'GET / HTTP/1.1\r\nHost: a#b\r\n'],
  ['a Host with a port that is no number', 400, 'GET / HTTP/1.1\r\nHost: a:b\r\n'],
  ['a Host with two ports', 400, 'GET / HTTP/1.1\r\nHost: a:1:2\r\n'],
  ['a Host with a port too large', 400, 'GET / HTTP/1.1\r\nHost: a:65536\r\n'],
  ['a Host that is a port', 400, 'GET / HTTP/1.1\r\nHost: :80\r\n'],
  ['a Host with an open bracket', 400, 'GET / HTTP/1.1\r\nHost: [::1\r\n'],
  ['a Host with a malformed IPv6 address', 400, 'GET / HTTP/1.1\r\nHost: [::1::2]\r\n'],
  ['a Host of IPv6 without brackets', 400, 'GET / HTTP/1.1\r\nHost: ::1\r\n'],
  ['a Host with an 8-bit character', 400, 'GET / HTTP/1.1\r\nHost: \xe9\r\n'],
  ['a Host with a quote', 400, 'GET / HTTP/1.1\r\nHost: "a"\r\n'],
  // RFC 9110 section 10.1.1: an expectation that cannot be met MAY be 417.
  ['an unknown expectation', 417, 'GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n'],
  [
    'an expectation beside 100-continue',
    417,
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue, tea\r\n',
  ],
];

const HOSTS = [
  'a',
  'a:80',
  'a:',
  'example.com',
  'EXAMPLE.com.',
  'a_b.test',
  '127.0.0.1:8080',
  '[::1]',
  '[::1]:8080',
  '[2001:db8::1.2.3.4]:443',
  'a%20b',
  'xn--bcher-kva.example:65535',
];

wireSuite('request heads', {}, (suite) => {
  for (const [name, status, head] of REFUSED) {
    suite.test(`refuses ${name}`, async (proxied) => {
      const client = await proxied.send(`${head}\r\n${SMUGGLED}`);
      const answers = await client.responsesUntilOver();
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [status],
      );
      const { fields } = answers[0]!;
      assert.equal(fieldValue(fields, 'connection'), 'close');
      assert.match(fieldValue(fields, 'proxy-status')!, /^zproxy; error=http_request_error$/);
      assert.ok(fieldValue(fields, 'date'), 'RFC 9110 section 6.6.1: Date');
      assert.equal(proxied.origin.requests.length, 0);
      assert.equal((await proxied.logged())[0]!.status, status);
    });
  }

  for (const host of HOSTS) {
    suite.test(`forwards Host ${host} unchanged`, async (proxied) => {
      const client = await proxied.send(`GET /h HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      assert.equal((await client.response()).status, 200);
      assert.equal(fieldValue(proxied.origin.requests[0]!.fields, 'host'), host);
    });
  }

  defineTolerated(suite);
  defineFields(suite);
  defineVersions(suite);
});

function defineTolerated(suite: WireSuite): void {
  // RFC 9112 section 2.2: at least one empty line before the request line is ignored.
  suite.test('skips an empty line before a request', async (proxied) => {
    const client = await proxied.send('\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.response()).body.toString(), 'origin /1');
    client.write('\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.response()).body.toString(), 'origin /2');
  });

  suite.test('forwards a method that it does not know', async (proxied) => {
    const client = await proxied.send("M-SEARCH!'* /m HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.equal((await client.response()).status, 200);
    assert.equal(proxied.origin.requests[0]!.method, "M-SEARCH!'*");
  });

  // RFC 9110 section 9.1: methods are case-sensitive.
  suite.test('takes `get` for another method than GET', async (proxied) => {
    const client = await proxied.send('get /m HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    assert.equal(proxied.origin.requests[0]!.method, 'get');
  });
}

function defineFields(suite: WireSuite): void {
  suite.test('forwards unknown fields with their order, case and bytes', async (proxied) => {
    const fields =
      'X-B: 1\r\nx-a: \xe9\xff\r\nX-B:2\r\nX-Empty:\r\nX-Tab: a\tb\r\n' +
      'X-Chars!#$%&\'*+.^`|~: "\\"\r\nCookie: a=1\r\nCookie: b=2\r\n';
    const client = await proxied.send(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
    await client.response();
    const received = proxied.origin.requests[0]!.fields;
    const own = /^(host|via|x-forwarded-.*|x-request-id)$/i;
    assert.deepEqual(
      received.filter(([name]) => !own.test(name)),
      [
        ['X-B', '1'],
        ['x-a', '\xe9\xff'],
        ['X-B', '2'],
        ['X-Empty', ''],
        ['X-Tab', 'a\tb'],
        ["X-Chars!#$%&'*+.^`|~", '"\\"'],
        ['Cookie', 'a=1'],
        ['Cookie', 'b=2'],
      ],
    );
  });

  suite.test('drops fields with an underscore', async (proxied) => {
    const fields =
      'X_A: 1\r\nContent_Length: 3\r\nTransfer_Encoding: chunked\r\nX-Forwarded_For: e';
    const client = await proxied.send(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\nX-B: 2\r\n\r\n`);
    assert.equal((await client.response()).status, 200);
    const names = proxied.origin.requests[0]!.fields.map(([name]) => name);
    assert.deepEqual(
      names.filter((name) => name.includes('_')),
      [],
    );
    assert.ok(names.includes('X-B'));
  });

  suite.testWith(
    'forwards fields with an underscore where that is allowed',
    { allowUnderscores: true },
    async (proxied) => {
      const client = await proxied.send('GET / HTTP/1.1\r\nHost: a\r\nX_A: 1\r\n\r\n');
      await client.response();
      assert.deepEqual(fieldValues(proxied.origin.requests[0]!.fields, 'X_A'), ['1']);
    },
  );
}

function defineVersions(suite: WireSuite): void {
  // RFC 9112 section 2.3: an intermediary sends its own version; a higher minor is taken as 1.1.
  for (const version of ['1.2', '1.9']) {
    suite.test(`treats HTTP/${version} as 1.1`, async (proxied) => {
      const client = await proxied.send(
        `GET /1 HTTP/${version}\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n`,
      );
      assert.equal((await client.response()).status, 200);
      assert.equal((await client.response()).body.toString(), 'origin /2');
      assert.equal(proxied.origin.requests[0]!.startLine, 'GET /1 HTTP/1.1');
    });
  }

  suite.test('serves HTTP/1.0 without Host and closes', async (proxied) => {
    const client = await proxied.send('GET /1 HTTP/1.0\r\n\r\n');
    const [answer] = await client.responsesUntilOver();
    assert.equal(answer!.status, 200);
    assert.equal(fieldValue(answer!.fields, 'connection'), 'close');
    const [request] = proxied.origin.requests;
    assert.equal(request!.startLine, 'GET /1 HTTP/1.1');
    assert.equal(fieldValue(request!.fields, 'host'), `127.0.0.1:${proxied.origin.port}`);
    assert.match(fieldValue(request!.fields, 'via')!, /^1\.0 /);
  });

  // RFC 9112 section 9.3 with C.2.2: HTTP/1.0 keeps a connection where both sides say so.
  suite.test('keeps an HTTP/1.0 connection that asks for it', async (proxied) => {
    const client = await proxied.send('GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    const first = await client.response();
    assert.equal(fieldValue(first.fields, 'connection')?.toLowerCase(), 'keep-alive');
    client.write('GET /2 HTTP/1.0\r\n\r\n');
    assert.equal((await client.response()).body.toString(), 'origin /2');
    await client.wire.over();
  });

  suite.test('refuses HTTP/0.9', async (proxied) => {
    const client = await proxied.send('GET /\r\n');
    const answers = await client.responsesUntilOver();
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [400],
    );
  });
}
