// What belongs to one hop and what a proxy adds, over real sockets: Connection and the fields it
// lists, TE, Upgrade, Keep-Alive (RFC 9110 section 7.6.1), Via and loops (7.6.3), Date (6.6.1),
// X-Forwarded-*, Forwarded (RFC 7239), request ids, Host.

import assert from 'node:assert/strict';
import { answerText } from '../support/scripted_origin.ts';
import { fieldValue, fieldValues, type WireFields } from '../support/wire_message.ts';
import { type WireSuite, wireSuite } from '../support/wire_suite.ts';

function namesOf(fields: WireFields): string[] {
  return fields.map(([name]) => name.toLowerCase());
}

function get(fields: string, target: string = '/'): string {
  return `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
}

/** Request fields that must not arrive, and ones that must, given what is sent. */
const REMOVED: ReadonlyArray<readonly [string, string, readonly string[]]> = [
  ['what Connection lists', 'Connection: X-A, x-b\r\nX-A: 1\r\nX-B: 2\r\n', ['x-a', 'x-b']],
  [
    'what two Connections list',
    'Connection: X-A\r\nX-A: 1\r\nConnection: X-B\r\nX-B: 2\r\n',
    ['x-a', 'x-b'],
  ],
  ['what stands before its Connection', 'X-A: 1\r\nConnection: close, X-A\r\n', ['x-a']],
  ['all lines of a listed field', 'X-A: 1\r\nConnection: X-A\r\nX-A: 2\r\n', ['x-a']],
  ['Keep-Alive', 'Keep-Alive: timeout=5\r\n', ['keep-alive']],
  ['Proxy-Connection', 'Proxy-Connection: keep-alive\r\n', ['proxy-connection']],
  ['Proxy-Authorization', 'Proxy-Authorization: Basic eA==\r\n', ['proxy-authorization']],
  ['TE without trailers', 'TE: gzip;q=0.5\r\nConnection: TE\r\n', ['te', 'connection']],
  [
    'HTTP2-Settings',
    'HTTP2-Settings: AAMAAABk\r\nConnection: HTTP2-Settings\r\n',
    ['http2-settings'],
  ],
  [
    'an upgrade to h2c',
    'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: \r\n',
    ['upgrade', 'connection', 'http2-settings'],
  ],
  ['an upgrade that Connection does not cover', 'Upgrade: websocket\r\n', ['upgrade']],
];

wireSuite('hop-by-hop fields', {}, (suite) => {
  for (const [name, fields, removed] of REMOVED) {
    suite.test(`removes ${name} from a request and serves it`, async (proxied) => {
      const client = await proxied.send(get(`${fields}X-Kept: 1\r\n`));
      assert.equal((await client.response()).status, 200);
      const names = namesOf(proxied.origin.requests[0]!.fields);
      for (const field of removed) assert.ok(!names.includes(field), field);
      assert.ok(names.includes('x-kept'));
    });
  }

  // A client must not be able to strip what upstreams decide by.
  suite.test('keeps end-to-end fields although Connection lists them', async (proxied) => {
    const listed =
      'Host, Cookie, Authorization, X-Forwarded-For, Via, Content-Length, X-Request-Id';
    const client = await proxied.send(
      `POST / HTTP/1.1\r\nHost: a\r\nConnection: ${listed}\r\nCookie: a=1\r\n` +
        'Authorization: Basic eA==\r\nContent-Length: 2\r\n\r\nok',
    );
    assert.equal((await client.response()).status, 200);
    const [request] = proxied.origin.requests;
    const names = namesOf(request!.fields);
    for (const name of listed.toLowerCase().split(', ')) assert.ok(names.includes(name), name);
    assert.equal(request!.body.toString(), 'ok');
  });

  // RFC 9110 section 10.1.4: TE is forwarded as `trailers`, listed in Connection.
  suite.test('forwards TE: trailers with Connection: TE', async (proxied) => {
    const client = await proxied.send(get('TE: gzip, trailers\r\nConnection: TE\r\n'));
    await client.response();
    const { fields } = proxied.origin.requests[0]!;
    assert.equal(fieldValue(fields, 'te'), 'trailers');
    assert.equal(fieldValue(fields, 'connection')?.toLowerCase(), 'te');
  });

  suite.test('removes hop-by-hop fields from an answer', async (proxied) => {
    const fields =
      'Connection: X-A, keep-alive\r\nX-A: 1\r\nKeep-Alive: timeout=5\r\n' +
      'Proxy-Connection: close\r\nUpgrade: h2c\r\nProxy-Authenticate: Basic\r\n' +
      'X-Kept: 1\r\nTE: trailers\r\n';
    proxied.origin.onRequest = (_request, connection) =>
      connection.write(answerText('ok', '200 OK', fields));
    const client = await proxied.send(get(''));
    const names = namesOf((await client.response()).fields);
    for (const name of ['x-a', 'keep-alive', 'proxy-connection', 'upgrade', 'te', 'connection']) {
      assert.ok(!names.includes(name), name);
    }
    assert.ok(names.includes('x-kept'));
  });

  defineVia(suite);
  defineForwarding(suite);
  defineForwarded(suite);
  defineRequestId(suite);
  defineDate(suite);
});

function defineVia(suite: WireSuite): void {
  // Section 7.6.3: MUST, in both directions, with the version that was received.
  suite.test('adds Via behind others in both directions', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) =>
      connection.write(answerText('ok', '200 OK', 'Via: 1.1 inner\r\n'));
    const client = await proxied.send(get('Via: 1.0 outer\r\n'));
    const answer = await client.response();
    assert.equal(
      fieldValues(proxied.origin.requests[0]!.fields, 'via').join(', '),
      '1.0 outer, 1.1 edge',
    );
    assert.equal(fieldValues(answer.fields, 'via').join(', '), '1.1 inner, 1.1 edge');
  });

  suite.test('says the version of an HTTP/1.0 upstream in Via', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) => {
      connection.write('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok');
    };
    const client = await proxied.send(get(''));
    assert.equal(fieldValue((await client.response()).fields, 'via'), '1.0 edge');
  });

  for (const via of ['1.1 edge', '1.0 a, HTTP/1.1 EDGE (zproxy, "x")', '1.1 b (c, d), 1.1 edge']) {
    suite.test(`answers a loop with 508 (Via: ${via})`, async (proxied) => {
      const client = await proxied.send(get(`Via: ${via}\r\n`));
      const answer = await client.response();
      assert.equal(answer.status, 508);
      assert.match(fieldValue(answer.fields, 'proxy-status')!, /error=proxy_loop_detected/);
      assert.equal((await proxied.logged())[0]!.error, 'proxy_loop');
      assert.equal(proxied.origin.requests.length, 0);
    });
  }

  for (const via of ['1.1 edges', '1.1 b (edge)', '1.1 b (x, 1.1 edge y)', '1.1 edge:80']) {
    suite.test(`takes Via: ${via} for another proxy`, async (proxied) => {
      const client = await proxied.send(get(`Via: ${via}\r\n`));
      assert.equal((await client.response()).status, 200);
    });
  }
}

const FORGED =
  'X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n' +
  'X-Forwarded-Port: 1\r\nX-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n';

function defineForwarding(suite: WireSuite): void {
  suite.test('replaces forwarding fields of a client that is not trusted', async (proxied) => {
    const client = await proxied.send(get(FORGED));
    await client.response();
    const { fields } = proxied.origin.requests[0]!;
    assert.equal(fieldValue(fields, 'x-forwarded-for'), '127.0.0.1');
    assert.equal(fieldValue(fields, 'x-forwarded-proto'), 'http');
    assert.equal(fieldValue(fields, 'x-forwarded-host'), 'a');
    for (const name of ['x-forwarded-port', 'x-real-ip', 'forwarded']) {
      assert.equal(fieldValue(fields, name), undefined, name);
    }
  });

  suite.testWith(
    'appends to forwarding fields of a trusted client',
    { trustedProxies: ['127.0.0.0/8'], forwarded: 'both' },
    async (proxied) => {
      const client = await proxied.send(get(FORGED));
      await client.response();
      const { fields } = proxied.origin.requests[0]!;
      assert.equal(fieldValues(fields, 'x-forwarded-for').join(', '), '6.6.6.6, 127.0.0.1');
      assert.equal(fieldValue(fields, 'x-forwarded-proto'), 'https');
      assert.equal(fieldValue(fields, 'x-forwarded-host'), 'evil');
      assert.match(
        fieldValues(fields, 'forwarded').join(', '),
        /^for=6\.6\.6\.6, for=127\.0\.0\.1;/,
      );
    },
  );
}

function defineForwarded(suite: WireSuite): void {
  // RFC 7239 section 4.
  suite.testWith('adds Forwarded alone where asked', { forwarded: 'rfc7239' }, async (proxied) => {
    const client = await proxied.send(`GET / HTTP/1.1\r\nHost: [::1]:81\r\n${FORGED}\r\n`);
    await client.response();
    const { fields } = proxied.origin.requests[0]!;
    assert.equal(fieldValue(fields, 'forwarded'), 'for=127.0.0.1;host="[::1]:81";proto=http');
    assert.equal(fieldValue(fields, 'x-forwarded-for'), undefined);
  });

  suite.testWith('adds and passes none where turned off', { forwarded: 'off' }, async (proxied) => {
    const client = await proxied.send(get(FORGED));
    await client.response();
    const names = namesOf(proxied.origin.requests[0]!.fields);
    assert.deepEqual(
      names.filter((name) => /forwarded|real-ip/.test(name)),
      [],
    );
  });

  // RFC 7239 section 4: what is no token is quoted, so that a Host cannot add pairs or elements.
  suite.testWith('lets no Host forge Forwarded', { forwarded: 'rfc7239' }, async (proxied) => {
    for (const host of ['a;for=6.6.6.6', 'a,for=6.6.6.6', 'a=b', '(a)']) {
      const client = await proxied.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      assert.equal((await client.response()).status, 200);
      const { fields } = proxied.origin.requests.at(-1)!;
      assert.equal(fieldValue(fields, 'forwarded'), `for=127.0.0.1;host="${host}";proto=http`);
    }
  });

  for (const [hostHeader, expected] of [
    ['preserve', 'a'],
    ['endpoint', 'ENDPOINT'],
    ['fixed.test:81', 'fixed.test:81'],
  ] as const) {
    suite.testWith(`sends Host as hostHeader ${hostHeader}`, { hostHeader }, async (proxied) => {
      const client = await proxied.send(get(''));
      await client.response();
      const { fields } = proxied.origin.requests[0]!;
      const endpoint = `127.0.0.1:${proxied.origin.port}`;
      assert.equal(fieldValue(fields, 'host'), expected === 'ENDPOINT' ? endpoint : expected);
      assert.equal(fieldValue(fields, 'x-forwarded-host'), 'a');
    });
  }
}

function defineRequestId(suite: WireSuite): void {
  suite.test('gives each request an id of its own, which the log has too', async (proxied) => {
    const client = await proxied.send(get('X-Request-Id: forged\r\n') + get(''));
    await client.response();
    await client.response();
    const ids = proxied.origin.requests.map(({ fields }) => fieldValue(fields, 'x-request-id')!);
    assert.match(ids[0]!, /^[0-9a-f]{32}$/);
    assert.notEqual(ids[0], ids[1]);
    const lines = await proxied.logged(2);
    assert.deepEqual(
      lines.map((line) => line.requestId),
      ids,
    );
  });

  suite.testWith(
    'keeps the id of a trusted client',
    { trustedProxies: ['127.0.0.1'] },
    async (proxied) => {
      const client = await proxied.send(get('X-Request-Id: theirs\r\n'));
      await client.response();
      assert.equal(fieldValue(proxied.origin.requests[0]!.fields, 'x-request-id'), 'theirs');
      assert.equal((await proxied.logged())[0]!.requestId, 'theirs');
    },
  );
}

function defineDate(suite: WireSuite): void {
  suite.test('adds Date where the upstream sent none, and keeps one', async (proxied) => {
    const date = 'Sun, 06 Nov 1994 08:49:37 GMT';
    const client = await proxied.send(get(''));
    const added = fieldValue((await client.response()).fields, 'date')!;
    assert.ok(Math.abs(Date.parse(added) - Date.now()) < 5_000);
    assert.equal(new Date(added).toUTCString(), added);
    proxied.origin.onRequest = (_request, connection) =>
      connection.write(answerText('ok', '200 OK', `Date: ${date}\r\n`));
    client.write(get(''));
    assert.equal(fieldValue((await client.response()).fields, 'date'), date);
  });
}
