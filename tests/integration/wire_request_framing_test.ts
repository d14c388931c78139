// Where a request's body ends, over real sockets: RFC 9112 sections 6 and 7. Whatever two
// recipients could read differently is refused with the connection, and no byte of it reaches the
// origin as a whole request; what is valid arrives there in one unambiguous form.

import assert from 'node:assert/strict';
import { fieldValue } from '../support/wire_message.ts';
import { type WireSuite, wireSuite } from '../support/wire_suite.ts';

/** A request that would be served if the one before it was read differently from how we do. */
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

/** Name, status, the fields between Host and the empty line, and the body. */
type Refusal = readonly [name: string, status: number, fields: string, body: string];

const REFUSED: readonly Refusal[] = [
  // RFC 9112 section 6.1: both framings "ought to be handled as an error".
  ['CL.TE', 400, 'Content-Length: 6\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\nG'],
  ['TE.CL', 400, 'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', '1\r\nA\r\n0\r\n\r\n'],
  ['CL.TE with 0', 400, 'Content-Length: 0\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  ['CL of identity', 400, 'Content-Length: 2\r\nTransfer-Encoding: identity\r\n', 'ab'],
  // RFC 9112 section 6.3: the last coding of a request must be chunked; once.
  ['xchunked', 400, 'Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'],
  ['chunkedx', 400, 'Transfer-Encoding: chunkedx\r\n', '0\r\n\r\n'],
  ['identity', 400, 'Transfer-Encoding: identity\r\n', '0\r\n\r\n'],
  ['chunked, identity', 400, 'Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'],
  ['chunked, gzip', 400, 'Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n'],
  ['chunked twice', 400, 'Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'],
  [
    'chunked on two lines',
    400,
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
    '0\r\n\r\n',
  ],
  [
    'TE.TE with identity behind',
    400,
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
    '0\r\n\r\n',
  ],
  [
    'TE.TE in another case',
    400,
    'Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n',
    '0\r\n\r\n',
  ],
  ['an empty coding', 400, 'Transfer-Encoding:\r\n', '0\r\n\r\n'],
  ['an empty element', 400, 'Transfer-Encoding: ,chunked\r\n', '0\r\n\r\n'],
  ['a quoted coding', 400, 'Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n'],
  ['a tab before the coding', 400, 'Transfer-Encoding:\tchunked\r\n', '0\r\n\r\n'],
  ['a tab behind the coding', 400, 'Transfer-Encoding: chunked\t\r\n', '0\r\n\r\n'],
  ['vertical tab before the coding', 400, 'Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'],
  ['NUL behind the coding', 400, 'Transfer-Encoding: chunked\0\r\n', '0\r\n\r\n'],
  ['a folded coding', 400, 'Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n'],
  ['space before the colon', 400, 'Transfer-Encoding : chunked\r\n', '0\r\n\r\n'],
  ['a bare LF before the field', 400, 'X: y\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  ['a bare CR before the field', 400, 'X: y\rTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  ['a parameter of chunked', 400, 'Transfer-Encoding: chunked;q=1\r\n', '0\r\n\r\n'],
  // RFC 9112 section 6.1: a coding that is not understood is 501.
  ['gzip, chunked', 501, 'Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'],
  [
    'gzip and chunked on two lines',
    501,
    'Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n',
    '0\r\n\r\n',
  ],
  // RFC 9112 section 6.3: differing or invalid lengths.
  ['two lengths', 400, 'Content-Length: 5\r\nContent-Length: 6\r\n', 'hello!'],
  ['two lengths in a list', 400, 'Content-Length: 5, 6\r\n', 'hello!'],
  ['an empty length', 400, 'Content-Length:\r\n', ''],
  ['an empty element of lengths', 400, 'Content-Length: 5,\r\n', 'hello'],
  ['a length with a sign', 400, 'Content-Length: +5\r\n', 'hello'],
  ['a negative length', 400, 'Content-Length: -5\r\n', 'hello'],
  ['a hexadecimal length', 400, 'Content-Length: 0x5\r\n', 'hello'],
  ['a length with a fraction', 400, 'Content-Length: 5.0\r\n', 'hello'],
  ['a length with an exponent', 400, 'Content-Length: 5e0\r\n', 'hello'],
  ['a length with a space inside', 400, 'Content-Length: 1 0\r\n', '0123456789'],
  ['a length with an underscore', 400, 'Content-Length: 1_0\r\n', '0123456789'],
  ['a length with letters', 400, 'Content-Length: 5a\r\n', 'hello'],
  ['a length with vertical tab', 400, 'Content-Length: \x0b5\r\n', 'hello'],
  ['a length of Arabic digits', 400, 'Content-Length: \xd9\xa5\r\n', 'hello'],
  ['a length beyond 2^53', 400, 'Content-Length: 9007199254740993\r\n', 'hello'],
  ['a length beyond 2^64', 400, 'Content-Length: 18446744073709551621\r\n', 'hello'],
  ['a length of 40 digits', 400, `Content-Length: ${'9'.repeat(40)}\r\n`, 'hello'],
  ['space before the colon of a length', 400, 'Content-Length : 5\r\n', 'hello'],
  ['a folded length', 400, 'Content-Length:\r\n 5\r\n', 'hello'],
];

const CHUNKED = 'Transfer-Encoding: chunked\r\n';

/** Name and body of chunked requests whose body is malformed: RFC 9112 section 7.1. */
const BODIES_REFUSED: ReadonlyArray<readonly [string, string]> = [
  ['a size with 0x', '0x5\r\nhello\r\n0\r\n\r\n'],
  ['a size with a plus', '+5\r\nhello\r\n0\r\n\r\n'],
  ['a size with a minus', '-5\r\nhello\r\n0\r\n\r\n'],
  ['a size with a leading space', ' 5\r\nhello\r\n0\r\n\r\n'],
  ['a size with an underscore', '0_5\r\nhello\r\n0\r\n\r\n'],
  ['an empty size', '\r\nhello\r\n0\r\n\r\n'],
  ['a size that is no number', 'xyz\r\nhello\r\n0\r\n\r\n'],
  ['a size beyond 2^64', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
  ['a size beyond 2^32 times 2^32', '100000000000000000000000005\r\nhello\r\n0\r\n\r\n'],
  ['a size beyond 2^53', '20000000000001\r\nhello\r\n0\r\n\r\n'],
  ['a bare LF behind the size', '5\nhello\r\n0\r\n\r\n'],
  ['a bare CR behind the size', '5\rhello\r\n0\r\n\r\n'],
  ['a CR and no LF behind the size', '5\rXhello\r\n0\r\n\r\n'],
  ['a CR and no LF behind the chunk', '5\r\nhello\rX0\r\n\r\n'],
  ['a space behind the size and no extension', '5 x\r\nhello\r\n0\r\n\r\n'],
  ['a bare LF behind the chunk', '5\r\nhello\n0\r\n\r\n'],
  ['a bare CR behind the chunk', '5\r\nhello\r0\r\n\r\n'],
  ['nothing behind the chunk', '5\r\nhello0\r\n\r\n'],
  ['a chunk longer than its size', '5\r\nhellox\r\n0\r\n\r\n'],
  ['a bare LF in an extension', '5;a=b\nhello\r\n0\r\n\r\n'],
  ['a bare LF in a quoted extension', '5;a="\n"\r\nhello\r\n0\r\n\r\n'],
  ['a NUL in an extension', '5;a=\0\r\nhello\r\n0\r\n\r\n'],
  ['an extension that is too long', `5;a=${'b'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`],
  // RFC 9112 section 7.1.1: a server ought to limit the total length of extensions.
  ['an extension on each of 5,000 chunks', `${'1;a=b\r\nx\r\n'.repeat(5_000)}0\r\n\r\n`],
  ['a bare LF at the end', '0\r\n\n'],
  ['a bare LF behind the last size', '0\n\r\n'],
  ['a bare CR at the end', '0\r\n\rX'],
  ['a trailer without colon', '0\r\nX\r\n\r\n'],
  ['a trailer with space before its colon', '0\r\nX : y\r\n\r\n'],
  ['a folded trailer', '0\r\nX: y\r\n z\r\n\r\n'],
  ['a trailer with a bare LF', '0\r\nX: y\nZ: a\r\n\r\n'],
  ['a trailer with NUL', '0\r\nX: \0\r\n\r\n'],
  ['a trailer section that is too long', `0\r\n${'X: yyyyyyyyyyyyyyyy\r\n'.repeat(1_000)}\r\n`],
];

/** Name, fields, body as sent, body as the origin has to see it, its framing there. */
const ACCEPTED: ReadonlyArray<readonly [string, string, string, string, 'length' | 'chunked']> = [
  ['a length', 'Content-Length: 5\r\n', 'hello', 'hello', 'length'],
  ['a length of 0', 'Content-Length: 0\r\n', '', '', 'length'],
  ['a length with leading zeros', 'Content-Length: 0005\r\n', 'hello', 'hello', 'length'],
  ['a length twice', 'Content-Length: 5\r\nContent-Length: 5\r\n', 'hello', 'hello', 'length'],
  ['a list of equal lengths', 'Content-Length: 5, 5\r\n', 'hello', 'hello', 'length'],
  ['a length with tabs around it', 'Content-Length:\t5\t\r\n', 'hello', 'hello', 'length'],
  ['a name in upper case', 'CONTENT-LENGTH: 5\r\n', 'hello', 'hello', 'length'],
  ['chunks', CHUNKED, '3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n', 'hello', 'chunked'],
  ['no chunks', CHUNKED, '0\r\n\r\n', '', 'chunked'],
  ['chunked in mixed case', 'tRANSFER-eNCODING: ChUnKeD\r\n', '0\r\n\r\n', '', 'chunked'],
  ['zeros before a size', CHUNKED, '0005\r\nhello\r\n00\r\n\r\n', 'hello', 'chunked'],
  ['digits of both cases', CHUNKED, `A\r\n${'a'.repeat(10)}\r\n0\r\n\r\n`, 'aaaaaaaaaa', 'chunked'],
  ['extensions', CHUNKED, '5;a;b=c;d="e;\\"f"\r\nhello\r\n0;x=y\r\n\r\n', 'hello', 'chunked'],
  ['space around an extension', CHUNKED, '5 ; a = b\r\nhello\r\n0\r\n\r\n', 'hello', 'chunked'],
];

function post(fields: string, body: string, target: string = '/'): string {
  return `POST ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`;
}

wireSuite('request framing', {}, (suite) => {
  for (const [name, status, fields, body] of REFUSED) {
    suite.test(`refuses ${name}`, async (proxied) => {
      const client = await proxied.send(post(fields, body) + SMUGGLED);
      const answers = await client.responsesUntilOver();
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [status],
      );
      assert.equal(fieldValue(answers[0]!.fields, 'connection'), 'close');
      assert.match(fieldValue(answers[0]!.fields, 'proxy-status')!, /error=http_request_error/);
      assert.equal(proxied.origin.requests.length, 0);
      const [line] = await proxied.logged();
      assert.equal(line!.status, status);
      assert.match(line!.error, /^request_/);
    });
  }

  for (const [name, body] of BODIES_REFUSED) {
    suite.test(`refuses ${name}`, async (proxied) => {
      const client = await proxied.send(post(CHUNKED, body) + SMUGGLED);
      const answers = await client.responsesUntilOver();
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [400],
      );
      assert.equal(proxied.origin.requests.length, 0);
      const [line] = await proxied.logged();
      assert.equal(line!.error, 'request_body_invalid');
    });
  }

  for (const [name, fields, body, expected, framing] of ACCEPTED) {
    suite.test(`forwards ${name}`, async (proxied) => {
      const client = await proxied.send(
        post(fields, body, '/1') + post('Content-Length: 2\r\n', 'ok', '/2'),
      );
      assert.equal((await client.response()).body.toString(), 'origin /1');
      assert.equal((await client.response()).body.toString(), 'origin /2');
      const [first, second] = proxied.origin.requests;
      assert.equal(first!.body.toString(), expected);
      assert.equal(first!.framing, framing);
      assert.equal(second!.body.toString(), 'ok');
      if (framing === 'length') {
        assert.equal(fieldValue(first!.fields, 'content-length'), String(expected.length));
      }
    });
  }

  defineSplits(suite);
  defineBodies(suite);
  defineHttp10(suite);
});

function defineSplits(suite: WireSuite): void {
  suite.test('reads a request that comes byte by byte', async (proxied) => {
    const client = await proxied.client();
    const request = post(CHUNKED, '3;x="y"\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n', '/slow');
    for (const byte of Buffer.from(request, 'latin1')) {
      client.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal((await client.response()).body.toString(), 'origin /slow');
    const [received] = proxied.origin.requests;
    assert.equal(received!.body.toString(), 'hello');
  });

  suite.test('refuses a smuggling attempt that comes byte by byte', async (proxied) => {
    const client = await proxied.client();
    for (const byte of Buffer.from(post('Content-Length: 5\r\nContent-Length: 6\r\n', 'hello'))) {
      client.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const answers = await client.responsesUntilOver();
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [400],
    );
    assert.equal(proxied.origin.requests.length, 0);
  });

  // RFC 9112 section 6.3: without a length there is no body; what follows is the next request.
  suite.test('takes what follows a request without framing for the next one', async (proxied) => {
    const client = await proxied.send(`POST /1 HTTP/1.1\r\nHost: a\r\n\r\n${SMUGGLED}`);
    assert.equal((await client.response()).body.toString(), 'origin /1');
    assert.equal((await client.response()).body.toString(), 'origin /smuggled');
  });
}

function defineBodies(suite: WireSuite): void {
  suite.test('reads 5,000 chunks of a byte', async (proxied) => {
    const client = await proxied.send(
      post(CHUNKED, `${'1\r\nx\r\n'.repeat(5_000)}0\r\n\r\n`, '/1') + post('', '', '/2'),
    );
    assert.equal((await client.response()).body.toString(), 'origin /1');
    assert.equal((await client.response()).body.toString(), 'origin /2');
    assert.equal(proxied.origin.requests[0]!.body.toString(), 'x'.repeat(5_000));
  });

  // RFC 9110 section 9.3.1: content of a GET has no meaning, but it is not the next request.
  suite.test('forwards a GET with content', async (proxied) => {
    const client = await proxied.send(
      `GET /1 HTTP/1.1\r\nHost: a\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
    );
    assert.equal((await client.response()).body.toString(), 'origin /1');
    assert.equal(proxied.origin.requests.length, 1);
    assert.equal(proxied.origin.requests[0]!.body.toString(), SMUGGLED);
  });

  suite.testWith(
    'takes the body of a request that it answers itself for no request',
    { routes: [{ path: '/here', upstream: 'origin' }] },
    async (proxied) => {
      const client = await proxied.send(
        post(`Content-Length: ${SMUGGLED.length}\r\n`, SMUGGLED, '/none') +
          post(CHUNKED, `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`, '/none') +
          post('', '', '/here'),
      );
      assert.equal((await client.response()).status, 404);
      assert.equal((await client.response()).status, 404);
      assert.equal((await client.response()).body.toString(), 'origin /here');
      assert.equal(proxied.origin.requests.length, 1);
    },
  );

  // RFC 9112 section 6.3: a body that ends early is incomplete and must not be passed for whole.
  for (const framing of ['Content-Length: 10\r\n', CHUNKED]) {
    suite.test(`does not complete a body that a FIN cuts (${framing.trim()})`, async (proxied) => {
      const body = framing === CHUNKED ? '5\r\nhello\r\n' : 'hello';
      const client = await proxied.send(post(framing, body));
      client.end();
      await client.wire.over();
      assert.equal(proxied.origin.requests.length, 0);
      const [line] = await proxied.logged();
      assert.match(line!.error, /client_closed|request_body_invalid/);
    });
  }
}

function defineHttp10(suite: WireSuite): void {
  // RFC 9112 section 6.1: Transfer-Encoding in HTTP/1.0 means faulty framing.
  suite.test('refuses Transfer-Encoding in HTTP/1.0', async (proxied) => {
    const client = await proxied.send(`POST / HTTP/1.0\r\n${CHUNKED}\r\n0\r\n\r\n`);
    const answers = await client.responsesUntilOver();
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [400],
    );
    assert.equal(proxied.origin.requests.length, 0);
  });

  suite.test('forwards a body with a length from HTTP/1.0', async (proxied) => {
    const client = await proxied.send(
      'POST /1 HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
    );
    const [answer] = await client.responsesUntilOver();
    assert.equal(answer!.body.toString(), 'origin /1');
    assert.equal(proxied.origin.requests[0]!.body.toString(), 'hello');
  });
}
