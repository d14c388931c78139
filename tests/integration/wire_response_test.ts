// Answers over real sockets: RFC 9112 sections 4, 6.3 and 7, RFC 9110 sections 6.4 and 8.6. What is
// ambiguous in its framing, or malformed, is answered with 502; what is valid arrives whole, in a
// framing that the client's version has.

import assert from 'node:assert/strict';
import { answerText, type OriginConnection } from '../support/scripted_origin.ts';
import { fieldValue, fieldValues } from '../support/wire_message.ts';
import { type WireSuite, wireSuite } from '../support/wire_suite.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\n';
const LENGTH = 'Content-Length: 2\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

/** Name and the whole answer of the origin, which then closes. */
const REFUSED: ReadonlyArray<readonly [string, string]> = [
  // RFC 9112 section 6.3: response splitting and smuggling.
  ['both framings', `${OK}${LENGTH}${CHUNKED}\r\n0\r\n\r\n`],
  ['differing lengths', `${OK}Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc`],
  ['differing lengths in a list', `${OK}Content-Length: 2, 3\r\n\r\nabc`],
  ['a length with a sign', `${OK}Content-Length: +2\r\n\r\nab`],
  ['a negative length', `${OK}Content-Length: -2\r\n\r\nab`],
  ['a length that is no number', `${OK}Content-Length: 0x2\r\n\r\nab`],
  ['an empty length', `${OK}Content-Length:\r\n\r\nab`],
  ['a length that overflows', `${OK}Content-Length: 18446744073709551618\r\n\r\nab`],
  ['an unknown coding', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['a coding that is not chunked', `${OK}Transfer-Encoding: identity\r\n\r\nab`],
  ['chunked twice', `${OK}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`],
  ['chunked that is not last', `${OK}Transfer-Encoding: chunked, gzip\r\n\r\nab`],
  ['an obfuscated coding', `${OK}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
  ['a coding with a tab', `${OK}Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n`],
  ['a coding in HTTP/1.0', `HTTP/1.0 200 OK\r\n${CHUNKED}\r\n0\r\n\r\n`],
  // RFC 9112 sections 2.2 and 5.2, RFC 9110 section 5.5.
  ['a bare LF behind the status line', `HTTP/1.1 200 OK\n${LENGTH}\r\nab`],
  ['a bare LF behind a field', `${OK}Content-Length: 2\nX: y\r\n\r\nab`],
  ['a bare CR in a value', `${OK}X: y\rz\r\n${LENGTH}\r\nab`],
  ['a NUL in a value', `${OK}X: \0\r\n${LENGTH}\r\nab`],
  ['a NUL in the reason', `HTTP/1.1 200 O\0K\r\n${LENGTH}\r\nab`],
  ['a folded value', `${OK}X: y\r\n z\r\n${LENGTH}\r\nab`],
  ['a line without a colon', `${OK}X\r\n${LENGTH}\r\nab`],
  ['an empty name', `${OK}: y\r\n${LENGTH}\r\nab`],
  ['a space in a name', `${OK}X Y: z\r\n${LENGTH}\r\nab`],
  ['white space before the first field', `${OK} X: y\r\n${LENGTH}\r\nab`],
  // RFC 9112 section 4.
  ['a status of two digits', `HTTP/1.1 20 OK\r\n${LENGTH}\r\nab`],
  ['a status of four digits', `HTTP/1.1 2000 OK\r\n${LENGTH}\r\nab`],
  ['a status below 100', `HTTP/1.1 099 OK\r\n${LENGTH}\r\nab`],
  ['no status', `HTTP/1.1 OK\r\n${LENGTH}\r\nab`],
  ['a version of 2', `HTTP/2.0 200 OK\r\n${LENGTH}\r\nab`],
  ['another protocol', `ICY 200 OK\r\n${LENGTH}\r\nab`],
  ['HTTP/0.9', '<html>hello</html>\r\n\r\n'],
  ['a request', GET],
  // RFC 9110 section 7.8: a server MUST NOT switch to a protocol that was not asked for.
  ['101 that nobody asked for', 'HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
];

/** Name, answer (then FIN), status, reason and body as the client has to see them. */
const ACCEPTED: ReadonlyArray<readonly [string, string, string, string]> = [
  ['a length', `${OK}${LENGTH}\r\nab`, '200 OK', 'ab'],
  ['a length of 0', `${OK}Content-Length: 0\r\n\r\n`, '200 OK', ''],
  ['equal lengths', `${OK}${LENGTH}${LENGTH}\r\nab`, '200 OK', 'ab'],
  ['chunks', `${OK}${CHUNKED}\r\n1\r\na\r\n1;x=y\r\nb\r\n0\r\n\r\n`, '200 OK', 'ab'],
  ['a body until the end', `${OK}\r\nab`, '200 OK', 'ab'],
  ['an empty body until the end', `${OK}\r\n`, '200 OK', ''],
  ['HTTP/1.0 until the end', 'HTTP/1.0 200 OK\r\n\r\nab', '200 OK', 'ab'],
  ['HTTP/1.0 with a length', `HTTP/1.0 200 OK\r\n${LENGTH}\r\nab`, '200 OK', 'ab'],
  ['a higher minor version', `HTTP/1.7 200 OK\r\n${LENGTH}\r\nab`, '200 OK', 'ab'],
  ['an empty reason', `HTTP/1.1 200 \r\n${LENGTH}\r\nab`, '200', 'ab'],
  ['a missing reason', `HTTP/1.1 200\r\n${LENGTH}\r\nab`, '200', 'ab'],
  ['obs-text in the reason', `HTTP/1.1 200 \xe9\r\n${LENGTH}\r\nab`, '200 \xe9', 'ab'],
  ['a status without meaning', `HTTP/1.1 299 Odd\r\n${LENGTH}\r\nab`, '299 Odd', 'ab'],
  ['a status of 599', `HTTP/1.1 599 Odd\r\n${LENGTH}\r\nab`, '599 Odd', 'ab'],
  // RFC 9112 section 5.1: a proxy MUST remove white space before the colon of a response.
  ['white space before a colon', `${OK}X : y\r\nContent-Length : 2\r\n\r\nab`, '200 OK', 'ab'],
  ['a surplus empty line before', `\r\n${OK}${LENGTH}\r\nab`, '200 OK', 'ab'],
];

wireSuite('answers', {}, (suite) => {
  for (const [name, answer] of REFUSED) {
    suite.test(`answers 502 for ${name}`, async (proxied) => {
      let origin: OriginConnection | undefined;
      proxied.origin.onRequest = (_request, connection) => {
        origin = connection;
        connection.write(answer);
      };
      const client = await proxied.send(GET);
      const received = await client.response();
      assert.equal(received.status, 502);
      const [line] = await proxied.logged();
      assert.match(line!.error, /^(http_protocol_error|http_upgrade_failed)$/);
      assert.equal(fieldValue(received.fields, 'proxy-status'), `zproxy; error=${line!.error}`);
      assert.equal(line!.status, 502);
      // RFC 9112 section 6.3: a proxy MUST close the connection to the server and send 502.
      await origin!.wire.over();
    });
  }

  for (const [name, answer, status, body] of ACCEPTED) {
    suite.test(`forwards ${name}`, async (proxied) => {
      proxied.origin.onRequest = (_request, connection) => {
        connection.write(answer);
        connection.end();
      };
      const client = await proxied.send(GET + GET);
      for (let i = 0; i < 2; i++) {
        const received = await client.response();
        assert.equal(received.startLine.startsWith(`HTTP/1.1 ${status}`), true);
        assert.equal(received.body.toString('latin1'), body);
        assert.deepEqual(fieldValues(received.fields, 'connection'), []);
        if (answer.includes('X : y')) assert.equal(fieldValue(received.fields, 'x'), 'y');
      }
    });
  }

  defineBodyless(suite);
  defineOddAnswers(suite);
  defineHttp10Clients(suite);
  defineTrailers(suite);
  defineExcess(suite);
});

function defineBodyless(suite: WireSuite): void {
  /** Method, fields of the answer, its status, and the Content-Length that the client must see. */
  const cases: ReadonlyArray<readonly [string, string, string, string | undefined]> = [
    ['HEAD', 'Content-Length: 1000\r\n', '200 OK', '1000'],
    ['HEAD', CHUNKED, '200 OK', undefined],
    ['HEAD', '', '200 OK', undefined],
    ['HEAD', 'Content-Length: 0\r\n', '404 Not Found', '0'],
    ['GET', '', '204 No Content', undefined],
    // RFC 9110 section 8.6: MUST NOT send Content-Length in a 204.
    ['GET', 'Content-Length: 5\r\n', '204 No Content', undefined],
    ['GET', CHUNKED, '204 No Content', undefined],
    ['GET', 'Content-Length: 1000\r\nETag: "x"\r\n', '304 Not Modified', '1000'],
    ['GET', CHUNKED, '304 Not Modified', undefined],
    ['GET', '', '304 Not Modified', undefined],
  ];
  for (const [method, fields, status, length] of cases) {
    const name = `ends ${method} ${status} with its head (${fields.trim() || 'no framing'})`;
    suite.test(name, async (proxied) => {
      proxied.origin.onRequest = (request, connection) => {
        if (request.target === '/2') connection.write(answerText('two'));
        else connection.write(`HTTP/1.1 ${status}\r\n${fields}\r\n`);
      };
      const client = await proxied.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
      const answer = await client.response(method);
      assert.equal(answer.startLine, `HTTP/1.1 ${status}`);
      assert.equal(fieldValue(answer.fields, 'content-length'), length);
      if (status.startsWith('204')) {
        // RFC 9112 section 6.1: MUST NOT send Transfer-Encoding in a 204.
        assert.equal(fieldValue(answer.fields, 'transfer-encoding'), undefined);
      }
      client.write('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.equal((await client.response()).body.toString(), 'two');
      assert.equal(proxied.origin.openConnections.length, 1, 'the connection was kept');
    });
  }
}

function defineOddAnswers(suite: WireSuite): void {
  // RFC 9110 section 9.3.2: MUST NOT send content in an answer to HEAD, our own ones included.
  suite.test('answers HEAD with a 502 that has no body', async (proxied) => {
    proxied.origin.onRequest = (request, connection) => {
      if (request.method === 'HEAD') connection.write('garbage\r\n\r\n');
      else connection.write(answerText('fine'));
    };
    const client = await proxied.send(`HEAD / HTTP/1.1\r\nHost: a\r\n\r\n${GET}`);
    assert.equal((await client.response('HEAD')).status, 502);
    assert.equal((await client.response()).body.toString(), 'fine');
  });

  suite.test('refuses a malformed HEAD without a body', async (proxied) => {
    const client = await proxied.send('HEAD / HTTP/1.1\r\nHost : a\r\n\r\n');
    const answers = await client.responsesUntilOver(['HEAD']);
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [400],
    );
  });

  suite.test('forwards an answer of 5,000 chunks of a byte', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) =>
      connection.write(`${OK}${CHUNKED}\r\n${'1\r\nx\r\n'.repeat(5_000)}0\r\n\r\n`);
    const client = await proxied.send(GET);
    assert.equal((await client.response()).body.toString(), 'x'.repeat(5_000));
  });

  suite.test('forwards a 205 and an answer of 1 MiB', async (proxied) => {
    const body = 'x'.repeat(1_048_576);
    proxied.origin.onRequest = (request, connection) =>
      connection.write(
        request.target === '/205' ? answerText('', '205 Reset Content') : answerText(body),
      );
    const client = await proxied.send(`GET /205 HTTP/1.1\r\nHost: a\r\n\r\n${GET}`);
    assert.equal((await client.response()).status, 205);
    assert.equal((await client.response()).body.equals(Buffer.from(body)), true);
  });
}

function defineHttp10Clients(suite: WireSuite): void {
  const request = 'GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n';

  // RFC 9112 section 6.1: MUST NOT send Transfer-Encoding to HTTP/1.0.
  for (const [name, answer] of [
    ['chunked', `${OK}${CHUNKED}\r\n2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n`],
    ['close-delimited', `${OK}\r\nab`],
  ] as const) {
    suite.test(`sends a ${name} answer to HTTP/1.0 until the connection ends`, async (proxied) => {
      proxied.origin.onRequest = (_request, connection) => {
        connection.write(answer);
        connection.end();
      };
      const client = await proxied.send(request);
      const [received] = await client.responsesUntilOver();
      assert.equal(client.wire.isReset, false);
      assert.equal(received!.framing, 'close');
      assert.equal(received!.body.toString(), 'ab');
      assert.equal(fieldValue(received!.fields, 'connection'), 'close');
      assert.equal(fieldValue(received!.fields, 'trailer'), undefined);
    });
  }

  // RFC 9110 section 15.2: a proxy MUST NOT send 1xx to HTTP/1.0.
  suite.test('sends no 1xx to HTTP/1.0', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) =>
      connection.write(`HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n${answerText('ab')}`);
    const client = await proxied.send(request);
    const answer = await client.response();
    assert.equal(answer.status, 200);
    assert.equal(fieldValue(answer.fields, 'connection')?.toLowerCase(), 'keep-alive');
  });
}

function defineTrailers(suite: WireSuite): void {
  const forbidden =
    'Content-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: b\r\nConnection: close\r\n' +
    'Authorization: x\r\nSet-Cookie: a=b\r\nContent-Type: x\r\nTrailer: y\r\nTE: z\r\n' +
    'Cache-Control: no-store\r\nMax-Forwards: 1\r\nX-Forwarded-For: 1.1.1.1\r\n';

  // RFC 9110 section 6.5.1: what may not be a trailer is dropped; a trailer never becomes a field.
  suite.test('forwards allowed trailers of an answer and drops others', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) =>
      connection.write(`${OK}${CHUNKED}\r\n2\r\nab\r\n0\r\nX-Sum: 1\r\n${forbidden}X-B: 2\r\n\r\n`);
    const client = await proxied.send(
      'GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n',
    );
    const answer = await client.response();
    assert.deepEqual(answer.trailers, [
      ['X-Sum', '1'],
      ['X-B', '2'],
    ]);
    assert.equal(fieldValue(answer.fields, 'x-sum'), undefined);
  });

  suite.test('forwards allowed trailers of a request and drops others', async (proxied) => {
    const client = await proxied.send(
      `POST / HTTP/1.1\r\nHost: a\r\n${CHUNKED}\r\n2\r\nab\r\n0\r\n` +
        `X-Sum: 1\r\n${forbidden}\r\n${GET}`,
    );
    await client.response();
    assert.equal((await client.response()).body.toString(), 'origin /');
    const [request] = proxied.origin.requests;
    assert.deepEqual(request!.trailers, [['X-Sum', '1']]);
    assert.equal(fieldValue(request!.fields, 'x-sum'), undefined);
  });
}

function defineExcess(suite: WireSuite): void {
  // RFC 9112 section 6.3: a recipient MUST NOT take excess bytes for the next answer.
  suite.test('gives no client the bytes behind an answer', async (proxied) => {
    let first: OriginConnection | undefined;
    proxied.origin.onRequest = (request, connection) => {
      first ??= connection;
      if (request.target === '/1') connection.write(answerText('one') + answerText('evil'));
      else connection.write(answerText('two'));
    };
    const client = await proxied.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.response()).body.toString(), 'one');
    await first!.wire.over(); // nor is the connection used again
    const other = await proxied.send('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await other.response()).body.toString(), 'two');
    client.write('GET /3 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.response()).body.toString(), 'two');
  });

  suite.test('gives no client what an idle upstream connection sends', async (proxied) => {
    const client = await proxied.send(GET);
    await client.response();
    const connection = proxied.origin.openConnections.at(-1)!;
    connection.write(answerText('evil'));
    await connection.wire.over();
    client.write('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.response()).body.toString(), 'origin /2');
  });

  // RFC 9110 section 9.3.2: a body behind an answer to HEAD is nobody's.
  suite.test('takes a body behind an answer to HEAD for no answer', async (proxied) => {
    proxied.origin.onRequest = (request, connection) => {
      connection.write(answerText(request.method === 'HEAD' ? 'evil' : 'good'));
    };
    const client = await proxied.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.response('HEAD')).status, 200);
    client.write(GET);
    assert.equal((await client.response()).body.toString(), 'good');
  });
}
