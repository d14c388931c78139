// Connections to an upstream between requests, over real sockets: which are used again (RFC 9112
// section 9.3), for how long they are kept, and what happens to requests that wait for one.

import assert from 'node:assert/strict';
import { type ProxiedOrigin, until } from '../support/proxied_origin.ts';
import { answerOk, answerText, type OriginConnection } from '../support/scripted_origin.ts';
import { type WireSuite, wireSuite } from '../support/wire_suite.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** Serves requests one after the other from clients of their own; all must be answered with 200. */
async function serve(proxied: ProxiedOrigin, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const client = await proxied.send(GET);
    assert.equal((await client.response()).status, 200);
    client.destroy();
  }
}

wireSuite('upstream pool', {}, (suite) => {
  defineReuse(suite);
  defineKeeping(suite);
  defineWaiting(suite);
});

function defineReuse(suite: WireSuite): void {
  /** Name, head of the answer (a length of 2 follows), connections after three requests. */
  const cases: ReadonlyArray<readonly [string, string, number]> = [
    ['uses a connection again after HTTP/1.1', 'HTTP/1.1 200 OK\r\n', 1],
    ['uses none again that was to be closed', 'HTTP/1.1 200 OK\r\nConnection: close\r\n', 3],
    ['takes close out of a list', 'HTTP/1.1 200 OK\r\nConnection: x, Close\r\n', 3],
    ['uses none again after HTTP/1.0', 'HTTP/1.0 200 OK\r\n', 3],
    ['uses one again after keep-alive', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n', 1],
    ['takes close before keep-alive', 'HTTP/1.1 200 OK\r\nConnection: keep-alive, close\r\n', 3],
  ];
  for (const [name, head, connections] of cases) {
    suite.testWith(name, {}, async (proxied) => {
      proxied.origin.onRequest = (_request, connection) =>
        connection.write(`${head}Content-Length: 2\r\n\r\nok`);
      await serve(proxied, 3);
      assert.equal(proxied.origin.connections.length, connections);
    });
  }

  suite.testWith('delivers a whole answer though a RST follows', {}, async (proxied) => {
    proxied.origin.onRequest = (_request, connection) => {
      const { socket } = connection.wire;
      socket.write(answerText('x'.repeat(50_000)), () => socket.resetAndDestroy());
    };
    const client = await proxied.send(GET);
    assert.equal((await client.response()).body.length, 50_000);
    proxied.origin.restart();
    client.write(GET);
    assert.equal((await client.response()).body.toString(), 'origin /');
  });

  suite.testWith('serves 50 clients at once over connections of their own', {}, async (proxied) => {
    const held: OriginConnection[] = [];
    proxied.origin.onRequest = (_request, connection) => held.push(connection);
    const clients = await Promise.all(
      Array.from({ length: 50 }, (_, i) => proxied.send(`GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`)),
    );
    await until('all arrive', () => held.length === 50);
    assert.equal(new Set(held).size, 50);
    for (const connection of held) answerOk(connection.requests.at(-1)!, connection);
    for (const [i, client] of clients.entries()) {
      assert.equal((await client.response()).body.toString(), `origin /${i}`);
    }
  });
}

function defineKeeping(suite: WireSuite): void {
  suite.testWith(
    'closes a connection that idles too long',
    { timeouts: { upstreamIdle: '100ms' } },
    async (proxied) => {
      await serve(proxied, 2);
      await until('it is closed', () => proxied.origin.openConnections.length === 0);
      await serve(proxied, 1);
      assert.equal(proxied.origin.connections.length, 2);
    },
  );

  suite.testWith(
    'uses no connection again that is too old',
    { timeouts: { upstreamAge: '50ms' } },
    async (proxied) => {
      const endMs = performance.now() + 500;
      while (performance.now() < endMs) await serve(proxied, 1);
      assert.ok(proxied.origin.connections.length > 2);
    },
  );

  suite.testWith(
    'keeps none where none is to be kept',
    { limits: { upstreamIdleConnections: 0 } },
    async (proxied) => {
      await serve(proxied, 3);
      assert.equal(proxied.origin.connections.length, 3);
      await until('all are closed', () => proxied.origin.openConnections.length === 0);
    },
  );
}

function defineWaiting(suite: WireSuite): void {
  const one = { limits: { upstreamConnections: 1 } };

  suite.testWith('drops a waiting request whose client has gone', one, async (proxied) => {
    const held: OriginConnection[] = [];
    proxied.origin.onRequest = (_request, connection) => held.push(connection);
    const first = await proxied.send(GET);
    await until('the first arrives', () => held.length === 1);
    const gone = await proxied.send('GET /gone HTTP/1.1\r\nHost: a\r\n\r\n');
    const third = await proxied.send('GET /3 HTTP/1.1\r\nHost: a\r\n\r\n');
    gone.wire.reset();
    const [line] = await proxied.logged();
    assert.equal(line!.error, 'client_closed');
    held[0]!.write(answerText('one'));
    assert.equal((await first.response()).body.toString(), 'one');
    await until('the third arrives', () => held.length === 2);
    held[1]!.write(answerText('three'));
    assert.equal((await third.response()).body.toString(), 'three');
    assert.deepEqual(
      proxied.origin.requests.map((request) => request.target),
      ['/', '/3'],
    );
  });

  suite.testWith('serves a waiting request though the one before fails', one, async (proxied) => {
    const held: OriginConnection[] = [];
    proxied.origin.onRequest = (_request, connection) => held.push(connection);
    const first = await proxied.send(GET);
    await until('the first arrives', () => held.length === 1);
    const second = await proxied.send('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    held[0]!.reset();
    assert.equal((await first.response()).status, 502);
    await until('the second arrives', () => held.length === 2);
    held[1]!.write(answerText('two'));
    assert.equal((await second.response()).body.toString(), 'two');
  });
}
