// Answers that come while the request's body is still on its way, over real sockets: RFC 9112
// sections 9.3 and 9.6, RFC 9110 sections 10.1.1 and 15.5.14. The client reads the answer whole, a
// connection whose request was not sent whole is never used again, and what still arrives is
// discarded for a while so that no RST destroys the answer.

import assert from 'node:assert/strict';
import { type ProxiedOrigin, until } from '../support/proxied_origin.ts';
import { answerOk, answerText, type OriginConnection } from '../support/scripted_origin.ts';
import type { WireClient } from '../support/wire_client.ts';
import { fieldValue, type WireMessage } from '../support/wire_message.ts';
import { type WireSuite, wireSuite } from '../support/wire_suite.ts';

const MIB = 1_048_576;
const UPLOAD_BYTES: number = 10 * MIB;

function uploadHead(framing: string, version: string = '1.1'): string {
  return `POST /up HTTP/${version}\r\nHost: a\r\n${framing}\r\n\r\n`;
}

/** Sends 10 MiB in pieces until an answer is there, as a client that reads while it sends does. */
async function upload(client: WireClient, isChunked: boolean): Promise<WireMessage> {
  const piece = Buffer.alloc(65_536, 'x');
  const framed = isChunked ? Buffer.concat([Buffer.from('10000\r\n'), piece, CRLF]) : piece;
  client.write(
    uploadHead(isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${UPLOAD_BYTES}`),
  );
  let sent = 0;
  const { socket } = client.wire;
  const pump = (): void => {
    while (sent < UPLOAD_BYTES && !socket.destroyed) {
      sent += piece.length;
      if (!socket.write(framed)) return;
    }
  };
  socket.on('drain', pump);
  pump();
  return client.response('POST');
}

const CRLF: Buffer = Buffer.from('\r\n');

/** The origin answers as soon as it has a head; `then` is what it does next. */
function answerEarly(
  proxied: ProxiedOrigin,
  answer: string,
  then?: (at: OriginConnection) => void,
): void {
  proxied.origin.onHead = (request, connection) => {
    if (request.target !== '/up') return;
    connection.isRaw = true;
    connection.write(answer);
    then?.(connection);
  };
}

wireSuite('early answers', {}, (suite) => {
  defineUpstreamEarly(suite);
  defineReuse(suite);
  defineTooLarge(suite);
  defineLinger(suite);
  defineEnds(suite);
});

function defineUpstreamEarly(suite: WireSuite): void {
  for (const isChunked of [false, true]) {
    const framing = isChunked ? 'chunked' : 'length';
    suite.test(`relays an answer during an upload (${framing})`, async (proxied) => {
      answerEarly(proxied, answerText('denied', '403 Forbidden'));
      const answer = await upload(await proxied.client(), isChunked);
      assert.equal(answer.status, 403);
      assert.equal(answer.body.toString(), 'denied');
      assert.equal((await proxied.logged())[0]!.error, '');
    });

    suite.test(`reads the answer though sending meets a RST (${framing})`, async (proxied) => {
      answerEarly(proxied, answerText('denied', '413 Content Too Large'), (connection) => {
        // Unread bytes make a close a RST; the answer lies before it.
        connection.wire.pause();
        setTimeout(() => connection.wire.socket.destroy(), 50);
      });
      const answer = await upload(await proxied.client(), isChunked);
      assert.equal(answer.status, 413);
      assert.equal(answer.body.toString(), 'denied');
    });
  }

  suite.test('answers 502 where sending meets a RST and no answer came', async (proxied) => {
    proxied.origin.onHead = (_request, connection) => {
      connection.isRaw = true;
      connection.wire.pause();
      setTimeout(() => connection.reset(), 20);
    };
    const answer = await upload(await proxied.client(), false);
    assert.equal(answer.status, 502);
    const [line] = await proxied.logged();
    assert.match(line!.error, /^connection_(reset|write_failed|terminated)$/);
  });

  suite.test('relays an early answer of 1 MiB while the upload stalls', async (proxied) => {
    const body = 'y'.repeat(MIB);
    answerEarly(proxied, answerText(body, '400 Bad Request'));
    const client = await proxied.send(`${uploadHead('Content-Length: 1000')}begun`);
    const answer = await client.response('POST');
    assert.equal(answer.status, 400);
    assert.equal(answer.body.length, MIB);
  });
}

function defineReuse(suite: WireSuite): void {
  suite.test('uses no upstream connection again whose request was cut', async (proxied) => {
    answerEarly(proxied, answerText('early', '403 Forbidden'));
    const client = await proxied.send(`${uploadHead('Content-Length: 100')}begun`);
    assert.equal((await client.response('POST')).status, 403);
    const cut = proxied.origin.connections.at(-1)!;
    await cut.wire.over();
    const other = await proxied.send('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await other.response()).body.toString(), 'origin /2');
    assert.notEqual(proxied.origin.requests.at(-1), undefined);
    assert.doesNotMatch(cut.unread, /GET \/2/);
  });

  // RFC 9112 section 9.3: what is left of the body must not be taken for the next request.
  suite.test('takes no rest of a body for a request', async (proxied) => {
    answerEarly(proxied, answerText('early', '403 Forbidden'));
    const smuggled = 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n';
    const client = await proxied.send(uploadHead(`Content-Length: ${smuggled.length}`));
    const answer = await client.response('POST');
    assert.equal(answer.status, 403);
    client.write(`${smuggled}GET /2 HTTP/1.1\r\nHost: a\r\n\r\n`);
    if (fieldValue(answer.fields, 'connection') === 'close') {
      assert.deepEqual(await client.responsesUntilOver(), []);
    } else {
      assert.equal((await client.response()).body.toString(), 'origin /2');
    }
    const targets = proxied.origin.requests.map((request) => request.target);
    assert.equal(targets.includes('/evil'), false);
  });

  suite.test("keeps the client's connection where the whole body is there", async (proxied) => {
    proxied.origin.onHead = (request, connection) => {
      if (request.target === '/up') connection.write(answerText('early', '403 Forbidden'));
    };
    proxied.origin.onRequest = (request, connection) => {
      if (request.target !== '/up') answerOk(request, connection);
    };
    const client = await proxied.send(`${uploadHead('Content-Length: 5')}hello`);
    assert.equal((await client.response('POST')).status, 403);
    client.write('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.response()).body.toString(), 'origin /2');
  });
}

function defineTooLarge(suite: WireSuite): void {
  const limits = { requestBody: '1MiB' };

  for (const isChunked of [false, true]) {
    const name = `answers 413 to 10 MiB and it is read whole (${isChunked ? 'chunked' : 'length'})`;
    suite.testWith(name, { limits }, async (proxied) => {
      const answer = await upload(await proxied.client(), isChunked);
      assert.equal(answer.status, 413);
      assert.match(answer.body.toString(), /^request_body_too_large: /);
      assert.equal(fieldValue(answer.fields, 'connection'), 'close');
      assert.equal(proxied.origin.requests.length, 0);
      // A length says it in advance: then nothing of the request goes upstream.
      if (!isChunked) assert.equal(proxied.origin.connections.length, 0);
      assert.equal((await proxied.logged())[0]!.error, 'request_body_too_large');
    });
  }

  suite.testWith('takes a body of exactly the limit', { limits }, async (proxied) => {
    const body = 'x'.repeat(MIB);
    const client = await proxied.send(uploadHead(`Content-Length: ${MIB}`) + body);
    assert.equal((await client.response()).status, 200);
    client.write(uploadHead(`Content-Length: ${MIB + 1}`));
    assert.equal((await client.response()).status, 413);
  });

  suite.testWith('says 413 in place of 100', { limits }, async (proxied) => {
    const client = await proxied.send(
      uploadHead(`Content-Length: ${2 * MIB}\r\nExpect: 100-continue`),
    );
    const answers = await client.responsesUntilOver();
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [413],
    );
  });

  suite.testWith(
    'counts the limit of the route',
    (origin) => ({
      upstreams: { origin: { endpoints: [origin.url] } },
      routes: [
        { path: '/up', upstream: 'origin', limits: { requestBody: '4B' } },
        { upstream: 'origin' },
      ],
    }),
    async (proxied) => {
      const client = await proxied.send(`${uploadHead('Content-Length: 4')}abcd`);
      assert.equal((await client.response()).status, 200);
      client.write(`${uploadHead('Content-Length: 5').replace('/up', '/other')}abcde`);
      assert.equal((await client.response()).status, 200);
      client.write(`${uploadHead('Content-Length: 5')}abcde`);
      assert.equal((await client.response()).status, 413);
    },
  );
}

function defineLinger(suite: WireSuite): void {
  suite.testWith(
    'ends a connection whose client keeps sending after its last answer',
    { limits: { linger: '64KiB' }, timeouts: { linger: '300ms' } },
    async (proxied) => {
      const client = await proxied.client(0, true);
      client.write('GET / HTTP/1.1\r\nHost : a\r\n\r\n');
      assert.equal((await client.response()).status, 400);
      await client.wire.until('the FIN', () => client.wire.isEnded);
      const piece = Buffer.alloc(16_384, 'x');
      const timer = setInterval(() => client.write(piece), 5);
      try {
        await client.wire.until('the end', () => client.wire.isReset || client.wire.isClosed);
      } finally {
        clearInterval(timer);
      }
      await until('it is gone', () => proxied.proxy.status().connections.open === 0);
    },
  );

  suite.testWith(
    'ends a connection whose client says nothing after its last answer',
    { timeouts: { linger: '150ms' } },
    async (proxied) => {
      const client = await proxied.client(0, true);
      client.write('GET / HTTP/1.1\r\nHost : a\r\n\r\n');
      assert.equal((await client.response()).status, 400);
      await until('it is gone', () => proxied.proxy.status().connections.open === 0);
    },
  );

  // RFC 9112 section 9.6: a full close at once would let a RST destroy what was not read yet.
  suite.testWith(
    'keeps its answer readable while a client sends on without reading',
    { limits: { requestBody: '1KiB' } },
    async (proxied) => {
      const client = await proxied.client();
      client.wire.pause();
      client.write(uploadHead('Content-Length: 1000000'));
      await proxied.logged();
      for (let i = 0; i < 10; i++) {
        client.write(Buffer.alloc(10_000, 'x'));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assert.equal(client.wire.isReset, false);
      client.wire.resume();
      assert.equal((await client.response()).status, 413);
    },
  );
}

function defineEnds(suite: WireSuite): void {
  // Connections that end quickly after a FIN of ours hand their descriptors to the next ones.
  suite.test('ends no connection with the FIN of another', async (proxied) => {
    const refused = async (): Promise<void> => {
      for (let i = 0; i < 150; i++) {
        const client = await proxied.client(0, true);
        client.write('GET / HTTP/1.1\r\nHost : a\r\n\r\n');
        client.end();
        await client.wire.over();
      }
    };
    const served = async (): Promise<void> => {
      for (let i = 0; i < 150; i++) {
        const client = await proxied.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        assert.equal((await client.response()).status, 200);
        client.destroy();
      }
    };
    await Promise.all([refused(), served(), served(), refused()]);
  });

  suite.test('lets a client finish that sends a little after its last answer', async (proxied) => {
    proxied.origin.onRequest = answerOk;
    const client = await proxied.client(0, true);
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    await client.wire.until('the FIN', () => client.wire.isEnded);
    client.write('late');
    client.end();
    await client.wire.until('the end', () => client.wire.isClosed);
    assert.equal(client.wire.isReset, false);
  });
}
