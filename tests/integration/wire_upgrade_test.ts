// Upgrade over real sockets (RFC 9110 section 7.8, RFC 6455 section 4): a tunnel exists only after
// the upstream's 101 and only for tokens that the route allows; both ends of it are closed as their
// peers close them.

import assert from 'node:assert/strict';
import type { ProxiedOrigin } from '../support/proxied_origin.ts';
import { answerText, type OriginConnection } from '../support/scripted_origin.ts';
import type { WireClient } from '../support/wire_client.ts';
import { fieldValue } from '../support/wire_message.ts';
import { type WireSuite, wireSuite } from '../support/wire_suite.ts';

const ASK =
  'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

/** Opens a tunnel; `behind` follows the 101 in the same segment. */
async function openTunnel(
  proxied: ProxiedOrigin,
  ask: string = ASK,
  behind: string = '',
): Promise<{ client: WireClient; connection: OriginConnection }> {
  proxied.origin.onRequest = (_request, connection) => {
    connection.isRaw = true;
    connection.write(SWITCH + behind);
  };
  const client = await proxied.client(0, true);
  client.write(ask);
  const answer = await client.response();
  assert.equal(answer.status, 101);
  return { client, connection: proxied.origin.connections.at(-1)! };
}

wireSuite('upgrade', {}, (suite) => {
  suite.test('tunnels a WebSocket after 101, both ways', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) => {
      connection.isRaw = true;
      connection.write(SWITCH);
    };
    const client = await proxied.send(ASK);
    const answer = await client.response();
    assert.equal(fieldValue(answer.fields, 'upgrade'), 'websocket');
    assert.equal(fieldValue(answer.fields, 'connection')?.toLowerCase(), 'upgrade');
    assert.equal(fieldValue(answer.fields, 'sec-websocket-accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    assert.equal(fieldValue(answer.fields, 'content-length'), undefined);
    const [request] = proxied.origin.requests;
    assert.equal(fieldValue(request!.fields, 'upgrade'), 'websocket');
    assert.equal(fieldValue(request!.fields, 'connection')?.toLowerCase(), 'upgrade');
    assert.equal(fieldValue(request!.fields, 'sec-websocket-key'), 'dGhlIHNhbXBsZSBub25jZQ==');
    const [connection] = proxied.origin.openConnections;
    client.write('\x81\x05hello GET / HTTP/1.1\r\n\r\n');
    await connection!.wire.until('the frame', () => connection!.unread.endsWith('\r\n\r\n'));
    assert.equal(connection!.unread, '\x81\x05hello GET / HTTP/1.1\r\n\r\n');
    connection!.write('\x81\x02hi HTTP/1.1 200 OK\r\n\r\n');
    await client.wire.until('the frame', () => client.unread.endsWith('\r\n\r\n'));
    assert.equal(client.unread, '\x81\x02hi HTTP/1.1 200 OK\r\n\r\n');
  });

  suite.test('passes what follows the 101 in the same segment', async (proxied) => {
    const { client } = await openTunnel(proxied, ASK, '\x81\x02hi');
    await client.wire.until('the frame', () => client.unread === '\x81\x02hi');
  });

  suite.test('passes what came before the 101 only after it', async (proxied) => {
    let before = '';
    let origin: OriginConnection | undefined;
    proxied.origin.onRequest = (_request, connection) => {
      connection.isRaw = true;
      origin = connection;
      setTimeout(() => {
        before = connection.unread;
        connection.write(SWITCH);
      }, 30);
    };
    const client = await proxied.send(`${ASK}early`);
    await client.response();
    await origin!.wire.until('the early bytes', () => origin!.unread === 'early');
    assert.equal(before, '');
  });

  suite.test('carries 4 MiB both ways at once', async (proxied) => {
    const { client, connection } = await openTunnel(proxied);
    const up = Buffer.alloc(4_194_304, 'up-');
    const down = Buffer.alloc(4_194_304, 'down-');
    const head = client.wire.received.length;
    const asked = connection.wire.received.length;
    client.write(up);
    connection.write(down);
    const { wire } = client;
    await wire.until('all of it', () => wire.received.length >= head + down.length);
    await connection.wire.until(
      'all of it',
      () => connection.wire.received.length >= asked + up.length,
    );
    assert.equal(wire.received.subarray(head).equals(down), true);
    assert.equal(connection.wire.received.subarray(asked).equals(up), true);
  });

  defineEnds(suite);
  defineRefusals(suite);
  defineTokens(suite);
});

function defineEnds(suite: WireSuite): void {
  suite.test('passes the FIN of either side and keeps the other direction', async (proxied) => {
    const { client, connection } = await openTunnel(proxied);
    client.write('last');
    client.end();
    await connection.wire.over();
    assert.equal(connection.unread, 'last');
    connection.write('answer');
    connection.end();
    await client.wire.over();
    assert.equal(client.unread, 'answer');
    assert.equal(client.wire.isReset, false);
    const [line] = await proxied.logged();
    assert.equal(line!.status, 101);
    assert.equal(line!.error, '');
  });

  suite.test('ends the tunnel at the upstream when the client resets it', async (proxied) => {
    const { client, connection } = await openTunnel(proxied);
    client.wire.reset();
    await connection.wire.over();
    assert.equal((await proxied.logged())[0]!.error, 'client_closed');
  });

  suite.test('ends the tunnel at the client when the upstream resets it', async (proxied) => {
    const { client, connection } = await openTunnel(proxied);
    connection.reset();
    await client.wire.over();
    assert.notEqual((await proxied.logged())[0]!.error, '');
  });

  suite.testWith(
    'closes a tunnel without a byte in either direction',
    { timeouts: { tunnelIdle: '150ms' } },
    async (proxied) => {
      const { client, connection } = await openTunnel(proxied);
      await client.wire.over();
      await connection.wire.over();
      assert.equal((await proxied.logged())[0]!.error, 'tunnel_idle');
    },
  );

  suite.test('uses no connection of a tunnel for another request', async (proxied) => {
    const { client, connection } = await openTunnel(proxied);
    client.end();
    await connection.wire.over();
    connection.end();
    await client.wire.over();
    proxied.origin.restart();
    const other = await proxied.send('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await other.response()).body.toString(), 'origin /2');
    assert.notEqual(proxied.origin.connections.at(-1), connection);
  });
}

function defineRefusals(suite: WireSuite): void {
  suite.test('serves a refused upgrade as any answer and keeps the connection', async (proxied) => {
    proxied.origin.onRequest = (request, connection) =>
      connection.write(
        request.target === '/chat' ? answerText('no', '403 Forbidden') : answerText('yes'),
      );
    const client = await proxied.send(ASK);
    assert.equal((await client.response()).status, 403);
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.response()).body.toString(), 'yes');
  });

  // What was meant for the tunnel is no request: refused, never forwarded.
  suite.test('takes what follows a refused upgrade for the next request', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) =>
      connection.write(answerText('no', '403 Forbidden'));
    const client = await proxied.send(`${ASK}\x81\x05hello\r\n\r\n`);
    const answers = await client.responsesUntilOver();
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [403, 400],
    );
    assert.equal(proxied.origin.requests.length, 1);
  });

  // RFC 9110 section 15.5.22: a server MUST send Upgrade in a 426; listed in Connection (7.8).
  suite.test('forwards Upgrade of a 426', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) =>
      connection.write(
        answerText('', '426 Upgrade Required', 'Connection: upgrade\r\nUpgrade: TLS/1.3\r\n'),
      );
    const client = await proxied.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const answer = await client.response();
    assert.equal(answer.status, 426);
    assert.equal(fieldValue(answer.fields, 'upgrade'), 'TLS/1.3');
    assert.match(fieldValue(answer.fields, 'connection')!, /\bupgrade\b/i);
  });

  for (const [name, head] of [
    ['another token', 'Connection: upgrade\r\nUpgrade: h2c\r\n'],
    ['no token', 'Connection: upgrade\r\n'],
    ['more tokens', 'Connection: upgrade\r\nUpgrade: websocket, h2c\r\n'],
  ] as const) {
    suite.test(`answers 502 for a 101 with ${name}`, async (proxied) => {
      proxied.origin.onRequest = (_request, connection) =>
        connection.write(`HTTP/1.1 101 Switching Protocols\r\n${head}\r\n`);
      const client = await proxied.send(ASK);
      const answer = await client.response();
      assert.equal(answer.status, 502);
      const [line] = await proxied.logged();
      assert.match(line!.error, /^http_(upgrade_failed|protocol_error)$/);
    });
  }
}

function defineTokens(suite: WireSuite): void {
  suite.test('asks for websocket alone out of a list', async (proxied) => {
    const ask = ASK.replace('Upgrade: websocket', 'Upgrade: h2c, WebSocket, TLS/1.3');
    await openTunnel(proxied, ask);
    assert.match(fieldValue(proxied.origin.requests[0]!.fields, 'upgrade')!, /^websocket$/i);
  });

  // RFC 9110 section 7.8: a server MUST ignore Upgrade in HTTP/1.0.
  const requests: ReadonlyArray<readonly [string, string]> = [
    ['in HTTP/1.0', ASK.replace('HTTP/1.1', 'HTTP/1.0')],
    ['without Connection: upgrade', ASK.replace('keep-alive, Upgrade', 'keep-alive')],
    ['to h2c', ASK.replace('Upgrade: websocket', 'Upgrade: h2c')],
    ['to TLS', ASK.replace('Upgrade: websocket', 'Upgrade: TLS/1.0')],
    ['to a token that begins so', ASK.replace('Upgrade: websocket', 'Upgrade: websocket2')],
    [
      'in a request with content',
      ASK.replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 2\r\n\r\nok'),
    ],
  ];
  for (const [name, request] of requests) {
    suite.test(`serves an upgrade ${name} as HTTP/1.1`, async (proxied) => {
      const client = await proxied.send(request);
      assert.equal((await client.response()).body.toString(), 'origin /chat');
      const { fields } = proxied.origin.requests[0]!;
      assert.equal(fieldValue(fields, 'upgrade'), undefined);
      assert.doesNotMatch(fieldValue(fields, 'connection') ?? '', /upgrade/i);
    });
  }

  suite.testWith(
    'tunnels what a route lists, and then only that',
    (origin) => ({
      upstreams: { origin: { endpoints: [origin.url] } },
      routes: [{ upstream: 'origin', upgrades: ['foo'] }],
    }),
    async (proxied) => {
      proxied.origin.onRequest = (request, connection) => {
        const token = fieldValue(request.fields, 'upgrade');
        if (token === undefined) {
          connection.write(answerText('plain'));
          return;
        }
        connection.isRaw = true;
        connection.write(`HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: ${token}\r\n\r\nraw`);
      };
      const plain = await proxied.send(ASK);
      assert.equal((await plain.response()).body.toString(), 'plain');
      const client = await proxied.send(ASK.replace('Upgrade: websocket', 'Upgrade: foo'));
      assert.equal((await client.response()).status, 101);
      await client.wire.until('raw bytes', () => client.unread === 'raw');
    },
  );
}
