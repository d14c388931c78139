// Persistence and pipelining over real sockets: RFC 9112 section 9. Answers come in the order of
// their requests, whatever the origin's speed; a connection ends where one side said so, and what
// follows then is not served.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProxiedOrigin, until } from '../support/proxied_origin.ts';
import { answerOk, answerText, type OriginConnection } from '../support/scripted_origin.ts';
import { WireClient } from '../support/wire_client.ts';
import { fieldValue } from '../support/wire_message.ts';
import { WireSocket } from '../support/wire_socket.ts';
import { type WireSuite, wireSuite } from '../support/wire_suite.ts';

function get(target: string, fields: string = ''): string {
  return `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
}

/** Answers requests for `/slow` only when told. */
function holdSlow(proxied: ProxiedOrigin): OriginConnection[] {
  const held: OriginConnection[] = [];
  proxied.origin.onRequest = (request, connection) => {
    if (request.target === '/slow') held.push(connection);
    else answerOk(request, connection);
  };
  return held;
}

wireSuite('connections', {}, (suite) => {
  definePipelining(suite);
  definePipelineLimits(suite);
  definePersistence(suite);
  defineUpstreamPool(suite);
  defineClientEnds(suite);
  defineAddresses(suite);
  defineDrain(suite);
});

function definePipelining(suite: WireSuite): void {
  suite.test('answers in order though the first answer is slow', async (proxied) => {
    const held = holdSlow(proxied);
    const client = await proxied.send(get('/slow') + get('/2') + get('/3'));
    await until('the slow request arrives', () => held.length === 1);
    assert.equal(client.unread, '');
    held[0]!.write(answerText('slow'));
    assert.equal((await client.response()).body.toString(), 'slow');
    assert.equal((await client.response()).body.toString(), 'origin /2');
    assert.equal((await client.response()).body.toString(), 'origin /3');
  });

  suite.test('reads bodies and HEAD answers between pipelined requests', async (proxied) => {
    const client = await proxied.send(
      `${get('/1')}POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: ${get('/evil').length}\r\n\r\n` +
        `${get('/evil')}HEAD /3 HTTP/1.1\r\nHost: a\r\n\r\n` +
        'POST /4 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n' +
        `3\r\nabc\r\n0\r\n\r\n\r\n${get('/5')}`,
    );
    for (const [target, method] of [
      ['/1', 'GET'],
      ['/2', 'POST'],
      ['/3', 'HEAD'],
      ['/4', 'POST'],
      ['/5', 'GET'],
    ] as const) {
      const answer = await client.response(method);
      assert.equal(answer.body.toString(), method === 'HEAD' ? '' : `origin ${target}`);
    }
    assert.equal(proxied.origin.requests[1]!.body.toString(), get('/evil'));
    assert.equal(proxied.origin.requests[3]!.body.toString(), 'abc');
  });

  suite.test('answers 1,000 pipelined requests in order', async (proxied) => {
    const targets = Array.from({ length: 1_000 }, (_, i) => `/${i}`);
    const client = await proxied.send(targets.map((target) => get(target)).join(''));
    for (const target of targets) {
      assert.equal((await client.response()).body.toString(), `origin ${target}`);
    }
  });
}

function definePipelineLimits(suite: WireSuite): void {
  suite.test('keeps its memory bounded against a client that does not read', async (proxied) => {
    const body = 'x'.repeat(100_000);
    proxied.origin.onRequest = (_request, connection) => connection.write(answerText(body));
    const client = await proxied.client();
    client.wire.pause();
    client.write(get('/').repeat(200));
    let served = -1;
    let unchanged = 0;
    await until('the proxy stops asking', () => {
      const isSame = served === proxied.origin.requests.length;
      served = proxied.origin.requests.length;
      unchanged = isSame && served > 0 ? unchanged + 1 : 0;
      return unchanged === 30;
    });
    assert.ok(served < 150, `${served} answers were fetched for a client that reads none`);
    client.wire.resume();
    await client.wire.until('all arrives', () => client.wire.receivedBytes > 200 * body.length);
    for (let i = 0; i < 200; i++) assert.equal((await client.response()).body.length, 100_000);
  });

  suite.test('answers what came before a malformed request, then refuses it', async (proxied) => {
    const client = await proxied.send(
      `${get('/1')}${get('/2')}GET / HTTP/1.1\r\nHost : a\r\n\r\n${get('/3')}`,
    );
    const answers = await client.responsesUntilOver();
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [200, 200, 400],
    );
    assert.equal(proxied.origin.requests.length, 2);
  });
}

function definePersistence(suite: WireSuite): void {
  // RFC 9112 section 9.6: no further request is processed after `close`.
  suite.test('serves nothing behind a request with Connection: close', async (proxied) => {
    const client = await proxied.send(get('/1', 'Connection: close\r\n') + get('/2'));
    const answers = await client.responsesUntilOver();
    assert.equal(answers.length, 1);
    assert.equal(fieldValue(answers[0]!.fields, 'connection'), 'close');
    assert.equal(proxied.origin.requests.length, 1);
    assert.equal(client.wire.isReset, false);
  });

  for (const value of ['Close', 'x, close', 'keep-alive, close', ',close,']) {
    suite.test(`closes after a request with Connection: ${value}`, async (proxied) => {
      const client = await proxied.send(get('/1', `Connection: ${value}\r\n`));
      assert.equal((await client.responsesUntilOver()).length, 1);
    });
  }

  suite.test("does not hand the client's close on to the upstream", async (proxied) => {
    for (let i = 0; i < 3; i++) {
      const client = await proxied.send(get('/1', 'Connection: close\r\n'));
      await client.responsesUntilOver();
    }
    assert.equal(proxied.origin.openConnections.length, 1);
  });

  suite.test("does not hand the upstream's close on to the client", async (proxied) => {
    proxied.origin.onRequest = (_request, connection) => {
      connection.write(answerText('ok', '200 OK', 'Connection: close\r\n'));
      connection.end();
    };
    const client = await proxied.send(get('/1'));
    const first = await client.response();
    assert.equal(fieldValue(first.fields, 'connection'), undefined);
    client.write(get('/2'));
    assert.equal((await client.response()).status, 200);
  });

  suite.testWith(
    'says close with the last request that a connection may have',
    { limits: { requestsPerConnection: 2 } },
    async (proxied) => {
      const client = await proxied.send(get('/1') + get('/2') + get('/3'));
      const answers = await client.responsesUntilOver();
      assert.deepEqual(
        answers.map((answer) => fieldValue(answer.fields, 'connection')),
        [undefined, 'close'],
      );
      assert.equal(proxied.origin.requests.length, 2);
    },
  );
}

function defineUpstreamPool(suite: WireSuite): void {
  suite.testWith(
    'keeps no upstream connection beyond its limit of idle ones',
    { limits: { upstreamIdleConnections: 1 } },
    async (proxied) => {
      const held = holdSlow(proxied);
      const clients = [];
      for (let i = 0; i < 3; i++) clients.push(await proxied.send(get('/slow')));
      await until('all arrive', () => held.length === 3);
      for (const connection of held) connection.write(answerText('ok'));
      for (const client of clients) assert.equal((await client.response()).status, 200);
      await until('two are closed', () => proxied.origin.openConnections.length === 1);
    },
  );

  suite.testWith(
    'queues requests beyond the limit of upstream connections, in order',
    { limits: { upstreamConnections: 1 } },
    async (proxied) => {
      const held = holdSlow(proxied);
      const first = await proxied.send(get('/slow'));
      await until('the first arrives', () => held.length === 1);
      const second = await proxied.send(get('/2'));
      const third = await proxied.send(get('/3'));
      held[0]!.write(answerText('slow'));
      assert.equal((await first.response()).body.toString(), 'slow');
      assert.equal((await second.response()).body.toString(), 'origin /2');
      assert.equal((await third.response()).body.toString(), 'origin /3');
      assert.equal(proxied.origin.connections.length, 1);
    },
  );
}

function defineClientEnds(suite: WireSuite): void {
  suite.test('cancels the upstream when a waiting client sends FIN', async (proxied) => {
    const held = holdSlow(proxied);
    const client = await proxied.send(get('/slow'));
    await until('it arrives', () => held.length === 1);
    client.end();
    await held[0]!.wire.over();
    await client.wire.over();
    assert.equal(client.unread, '');
    const [line] = await proxied.logged();
    assert.equal(line!.error, 'client_closed');
    assert.equal(line!.status, null);
  });

  suite.test('cancels the upstream when a waiting client resets', async (proxied) => {
    const held = holdSlow(proxied);
    const client = await proxied.send(get('/slow'));
    await until('it arrives', () => held.length === 1);
    client.wire.reset();
    await held[0]!.wire.over();
    assert.equal((await proxied.logged())[0]!.error, 'client_closed');
  });

  suite.test('cancels the upstream when a client resets during its answer', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) =>
      connection.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(100_000)}`);
    const client = await proxied.send(get('/'));
    await client.head();
    client.wire.reset();
    await proxied.origin.connections.at(-1)!.wire.over();
    assert.equal((await proxied.logged())[0]!.error, 'client_closed');
  });

  suite.test('cancels the upstream when a client resets during its upload', async (proxied) => {
    const client = await proxied.send(
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nhello',
    );
    const connection = await until('it arrives', () => proxied.origin.openConnections.at(-1));
    await connection.wire.until('the body begins', () => connection.unread.endsWith('hello'));
    client.wire.reset();
    await connection.wire.over();
    assert.equal(proxied.origin.requests.length, 0);
  });

  suite.testWith(
    'answers a client that has sent FIN where half-closing is allowed',
    { halfClose: true },
    async (proxied) => {
      const held = holdSlow(proxied);
      const client = await proxied.client(0, true);
      client.write(get('/slow') + get('/2'));
      client.end();
      await until('it arrives', () => held.length === 1);
      held[0]!.write(answerText('slow'));
      assert.equal((await client.response()).body.toString(), 'slow');
      assert.equal((await client.response()).body.toString(), 'origin /2');
      await client.wire.over();
    },
  );
}

function defineAddresses(suite: WireSuite): void {
  const path = join(tmpdir(), `zproxy-wire-${process.pid}-${suite.transport}.sock`);

  suite.testWith(
    'serves clients of a Unix socket',
    { listeners: [{ address: `unix:${path}` }] },
    async (proxied) => {
      const socket = connect(path);
      const client = new WireClient(new WireSocket(socket));
      client.write(get('/1') + get('/2', 'Connection: close\r\n'));
      assert.equal((await client.response()).body.toString(), 'origin /1');
      assert.equal((await client.response()).body.toString(), 'origin /2');
      const { fields } = proxied.origin.requests[0]!;
      assert.equal(fieldValue(fields, 'x-forwarded-for'), 'unknown');
    },
  );

  suite.test('serves clients of IPv6 and names them', async (_proxied, t) => {
    if (!hasIpv6()) {
      t.skip('no ::1 here');
      return;
    }
    const own = await suite.start({
      listeners: [{ address: '[::1]:0' }, { address: ':0' }],
      forwarded: 'both',
    });
    try {
      for (const [listener, host] of [
        [0, '::1'],
        [1, '127.0.0.1'],
      ] as const) {
        const address = listener === 0 ? own.address(0) : `127.0.0.1:${portOf(own.address(1))}`;
        const client = await WireClient.connect(address);
        client.write(get('/', 'Connection: close\r\n'));
        assert.equal((await client.response()).status, 200);
        const { fields } = own.origin.requests.at(-1)!;
        assert.equal(fieldValue(fields, 'x-forwarded-for'), host);
        // RFC 7239 section 6: IPv6 in brackets and quotes.
        const node = host === '::1' ? '"[::1]"' : host;
        assert.equal(fieldValue(fields, 'forwarded'), `for=${node};host=a;proto=http`);
      }
    } finally {
      await own.close();
    }
  });
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1);
}

function hasIpv6(): boolean {
  return (networkInterfaces()['lo'] ?? []).some(({ address }) => address === '::1');
}

function defineDrain(suite: WireSuite): void {
  suite.testWith('says close while it drains, and ends what is open', {}, async (proxied) => {
    const held = holdSlow(proxied);
    const idle = await proxied.send(get('/1'));
    await idle.response();
    const busy = await proxied.send(get('/slow'));
    await until('the slow request arrives', () => held.length === 1);
    const drained = proxied.proxy.drain(5_000);
    idle.write(get('/2'));
    const last = await idle.response();
    assert.equal(last.body.toString(), 'origin /2');
    assert.equal(fieldValue(last.fields, 'connection'), 'close');
    held[0]!.write(answerText('slow'));
    const answer = await busy.response();
    assert.equal(answer.body.toString(), 'slow');
    assert.equal(fieldValue(answer.fields, 'connection'), 'close');
    await drained;
    await assert.rejects(proxied.client(), { code: 'ECONNREFUSED' });
  });
}
