// Every way in which an upstream can fail, over real sockets: what the client is answered, what
// Proxy-Status says (RFC 9209), what the log says, and that a message that broke off never looks
// whole. Retries: RFC 9110 section 9.2.2 and RFC 9112 section 9.3.1.

import assert from 'node:assert/strict';
import { BlockedListener } from '../support/blocked_listener.ts';
import { type ProxiedOrigin, until } from '../support/proxied_origin.ts';
import { answerOk, answerText, ScriptedOrigin } from '../support/scripted_origin.ts';
import { fieldValue } from '../support/wire_message.ts';
import { type WireSuite, wireSuite } from '../support/wire_suite.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello';

/** Name, what the origin writes, and how it ends; the code in the log. */
const BROKEN: ReadonlyArray<readonly [string, string, 'end' | 'reset', string]> = [
  ['a length and FIN', `${OK}Content-Length: 10\r\n\r\nhello`, 'end', 'http_response_incomplete'],
  ['a length and RST', `${OK}Content-Length: 10\r\n\r\nhello`, 'reset', 'http_response_incomplete'],
  [
    'chunks and FIN',
    `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
    'end',
    'http_response_incomplete',
  ],
  [
    'chunks and RST',
    `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
    'reset',
    'http_response_incomplete',
  ],
  [
    'the last chunk but not its end',
    `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n`,
    'end',
    'http_response_incomplete',
  ],
  ['until the end and RST', `${OK}\r\nhello`, 'reset', 'http_response_incomplete'],
  [
    'a malformed chunk',
    `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n`,
    'end',
    'http_response_body_invalid',
  ],
  [
    'a chunk with a bare LF',
    `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\nhello\r\n0\r\n\r\n`,
    'end',
    'http_response_body_invalid',
  ],
];

/** The client sees `status`, and log and Proxy-Status say `error`. */
async function fails(
  proxied: ProxiedOrigin,
  status: number,
  error: string,
  proxyStatus: string = error,
): Promise<void> {
  const client = await proxied.send(GET);
  const answer = await client.response();
  assert.equal(answer.status, status);
  assert.equal(fieldValue(answer.fields, 'proxy-status'), `zproxy; error=${proxyStatus}`);
  assert.ok(fieldValue(answer.fields, 'date'));
  const [line] = await proxied.logged();
  assert.equal(line!.error, error);
  assert.equal(line!.status, status);
  assert.equal(line!.upstream, 'origin');
}

wireSuite('upstream failures', {}, (suite) => {
  defineConnecting(suite);
  defineBeforeAnswer(suite);
  defineMidBody(suite);
  defineRetries(suite);
});

function defineConnecting(suite: WireSuite): void {
  suite.test('502 connection_refused', async (proxied) => {
    const gone = await ScriptedOrigin.start();
    const endpoint = gone.url;
    await gone.close();
    await withEndpoint(suite, endpoint, (own) => fails(own, 502, 'connection_refused'));
    assert.equal(proxied.lines.length, 0);
  });

  suite.testWith(
    '502 destination_ip_unroutable for a Unix socket that is not there',
    { upstreams: { origin: { endpoints: ['unix:/tmp/zproxy-test-nothing-here.sock'] } } },
    (proxied) => fails(proxied, 502, 'destination_ip_unroutable'),
  );

  suite.testWith(
    '503 dns_error',
    { upstreams: { origin: { endpoints: ['http://zproxy-test.invalid:80'] } } },
    (proxied) => fails(proxied, 503, 'dns_error'),
  );

  suite.test('504 connection_timeout', async (_proxied, t) => {
    const blocked = await BlockedListener.start();
    t.after(() => blocked.close());
    await withEndpoint(suite, `http://127.0.0.1:${blocked.port}`, (own) =>
      fails(own, 504, 'connection_timeout'),
    );
  });

  suite.testWith(
    'tries the next endpoint for the next request',
    (origin) => ({
      upstreams: { origin: { endpoints: ['unix:/tmp/zproxy-test-nothing-here.sock', origin.url] } },
    }),
    async (proxied) => {
      const statuses: number[] = [];
      for (let i = 0; i < 4; i++) {
        const client = await proxied.send(GET);
        statuses.push((await client.response()).status);
      }
      assert.ok(statuses.filter((status) => status === 200).length >= 2, String(statuses));
    },
  );
}

async function withEndpoint(
  suite: WireSuite,
  endpoint: string,
  body: (proxied: ProxiedOrigin) => Promise<void>,
): Promise<void> {
  const own = await suite.start({
    upstreams: { origin: { endpoints: [endpoint] } },
    timeouts: { connect: '200ms' },
  });
  try {
    await body(own);
  } finally {
    await own.close();
  }
}

function defineBeforeAnswer(suite: WireSuite): void {
  suite.test('502 connection_terminated for a FIN before an answer', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) => connection.end();
    await fails(proxied, 502, 'connection_terminated');
  });

  suite.test('502 connection_reset for a RST before an answer', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) => connection.reset();
    await fails(proxied, 502, 'connection_reset', 'connection_terminated');
  });

  for (const end of ['end', 'reset'] as const) {
    suite.test(`502 http_response_incomplete for ${end} inside a head`, async (proxied) => {
      proxied.origin.onRequest = (_request, connection) => {
        connection.write(`${OK}Content-Le`);
        setTimeout(() => connection[end](), 20);
      };
      await fails(proxied, 502, 'http_response_incomplete');
    });
  }

  suite.test('502 http_response_header_section_size', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) =>
      connection.write(`${OK}${`X: ${'y'.repeat(10_000)}\r\n`.repeat(8)}\r\n`);
    await fails(proxied, 502, 'http_response_header_section_size');
  });

  suite.testWith(
    '504 http_response_timeout where the first byte does not come',
    { timeouts: { firstByte: '150ms' } },
    async (proxied) => {
      proxied.origin.onRequest = () => {};
      await fails(proxied, 504, 'http_response_timeout');
      await until('the connection is given up', () => proxied.origin.openConnections.length === 0);
    },
  );

  suite.testWith(
    '504 connection_read_timeout where a head stops',
    { timeouts: { betweenBytes: '150ms' } },
    async (proxied) => {
      proxied.origin.onRequest = (_request, connection) => connection.write(`${OK}Content-Le`);
      await fails(proxied, 504, 'connection_read_timeout');
    },
  );
}

function defineMidBody(suite: WireSuite): void {
  for (const version of ['1.1', '1.0'] as const) {
    for (const [name, answer, end, error] of BROKEN) {
      suite.test(`breaks off ${name} towards HTTP/${version}`, async (proxied) => {
        let isOnWay = false;
        proxied.origin.onRequest = (_request, connection) => {
          // The body's beginning goes through first, so that an answer of our own is too late.
          const bodyAt = answer.indexOf('hello') + 5;
          connection.write(answer.slice(0, bodyAt));
          void until('the client has the beginning', () => isOnWay).then(() => {
            connection.write(answer.slice(bodyAt));
            setTimeout(() => connection[end](), 20);
          });
        };
        const client = await proxied.send(`GET / HTTP/${version}\r\nHost: a\r\n\r\n`);
        await client.wire.until('the beginning', () => client.unread.includes('hello'));
        isOnWay = true;
        await client.wire.over();
        const received = client.peek();
        // RFC 9112 section 8: to HTTP/1.0 only a RST tells that the body is not whole.
        if (received!.framing === 'close') assert.equal(client.wire.isReset, true);
        else assert.equal(received!.isComplete, false);
        const [line] = await proxied.logged();
        assert.equal(line!.error, error);
        assert.equal(line!.status, 200);
      });
    }
  }

  suite.testWith(
    'breaks off a body that stops',
    { timeouts: { betweenBytes: '150ms' } },
    async (proxied) => {
      proxied.origin.onRequest = (_request, connection) =>
        connection.write(`${OK}Content-Length: 10\r\n\r\nhello`);
      const client = await proxied.send(GET);
      await client.wire.over();
      assert.equal(client.peek()!.isComplete, false);
      assert.equal((await proxied.logged())[0]!.error, 'connection_read_timeout');
    },
  );
}

/** Serves one request and thereby leaves one idle connection; the next on it meets `onReuse`. */
async function withIdleConnection(
  proxied: ProxiedOrigin,
  onReuse: 'end' | 'reset' | 'partial',
): Promise<void> {
  const client = await proxied.send(GET);
  await client.response();
  const used = new Set(proxied.origin.openConnections);
  proxied.origin.onRequest = (request, connection) => {
    if (!used.has(connection)) answerOk(request, connection);
    else if (onReuse === 'partial') {
      connection.write('HTTP/1.1 ');
      connection.end();
    } else connection[onReuse]();
  };
  proxied.origin.requests.length = 0;
  proxied.lines.length = 0;
}

function defineRetries(suite: WireSuite): void {
  for (const end of ['end', 'reset'] as const) {
    suite.testWith(`sends GET again where a reused connection meets ${end}`, {}, async (own) => {
      await withIdleConnection(own, end);
      const client = await own.send(GET);
      assert.equal((await client.response()).status, 200);
      assert.equal(own.origin.requests.length, 2);
      assert.equal((await own.logged())[0]!.error, '');
    });

    // RFC 9110 section 9.2.2: MUST NOT automatically retry what is not idempotent.
    suite.testWith(`does not send POST again where it meets ${end}`, {}, async (own) => {
      await withIdleConnection(own, end);
      const client = await own.send(POST);
      assert.equal((await client.response()).status, 502);
      assert.equal(own.origin.requests.length, 1);
      const [line] = await own.logged();
      assert.match(line!.error, /^connection_(terminated|reset)$/);
    });
  }

  suite.testWith('does not send POST without content again', {}, async (own) => {
    await withIdleConnection(own, 'end');
    const client = await own.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
    assert.equal((await client.response()).status, 502);
    assert.equal(own.origin.requests.length, 1);
  });

  suite.testWith('sends nothing again once a byte of the answer came', {}, async (own) => {
    await withIdleConnection(own, 'partial');
    const client = await own.send(GET);
    assert.equal((await client.response()).status, 502);
    assert.equal(own.origin.requests.length, 1);
  });

  suite.testWith('sends again once only', {}, async (own) => {
    await withIdleConnection(own, 'end');
    own.origin.onRequest = (_request, connection) => connection.end();
    const client = await own.send(GET);
    assert.equal((await client.response()).status, 502);
    assert.equal(own.origin.requests.length, 2);
  });

  suite.testWith('sends nothing again where a fresh connection fails', {}, async (own) => {
    own.origin.onRequest = (_request, connection) => connection.end();
    const client = await own.send(GET);
    assert.equal((await client.response()).status, 502);
    assert.equal(own.origin.requests.length, 1);
  });

  suite.testWith('sees that an idle connection was closed, before a POST', {}, async (own) => {
    const client = await own.send(GET);
    await client.response();
    const [idle] = own.origin.openConnections;
    idle!.end();
    await idle!.wire.over();
    client.write(POST);
    assert.equal((await client.response()).status, 200);
    assert.equal(own.origin.connections.length, 2);
  });

  suite.testWith('reuses no connection that the answer closed', {}, async (own) => {
    own.origin.onRequest = (_request, connection) =>
      connection.write(answerText('ok', '200 OK', 'Connection: close\r\n'));
    const client = await own.send(GET + GET);
    assert.equal((await client.response()).status, 200);
    assert.equal((await client.response()).status, 200);
    assert.equal(own.origin.connections.length, 2);
  });
}
