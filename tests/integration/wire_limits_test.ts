// Limits and timeouts of clients over real sockets, each with a small configured value: the status
// that RFC 9110 and RFC 6585 have for it, the error code of the log, and that what is just within
// the limit is served.

import assert from 'node:assert/strict';
import { until } from '../support/proxied_origin.ts';
import { answerText } from '../support/scripted_origin.ts';
import { fieldValue } from '../support/wire_message.ts';
import { type WireSuite, wireSuite } from '../support/wire_suite.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const LIMITS = { requestHead: '1KiB', field: '256B', fields: 5, target: '64B' } as const;

/** Name, status, error, request. */
const REFUSED: ReadonlyArray<readonly [string, number, string, string]> = [
  [
    'a head beyond its limit',
    431,
    'request_head_too_large',
    `GET / HTTP/1.1\r\nHost: a\r\n${['A', 'B', 'C', 'D', 'E']
      .map((name) => `${name}: ${'x'.repeat(230)}\r\n`)
      .join('')}\r\n`,
  ],
  [
    'a head that never ends',
    431,
    'request_head_too_large',
    `GET / HTTP/1.1\r\nHost: a\r\n${`A: ${'x'.repeat(230)}\r\n`.repeat(5)}`,
  ],
  [
    'a field beyond its limit',
    431,
    'request_head_too_large',
    `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(254)}\r\n\r\n`,
  ],
  [
    'a name beyond its limit',
    431,
    'request_head_too_large',
    `GET / HTTP/1.1\r\nHost: a\r\n${'x'.repeat(257)}`,
  ],
  [
    'too many fields',
    431,
    'request_head_too_large',
    `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(5)}\r\n`,
  ],
  [
    'a target beyond its limit',
    414,
    'request_target_too_long',
    `GET /${'x'.repeat(64)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  ],
  ['a target that never ends', 414, 'request_target_too_long', `GET /${'x'.repeat(100)}`],
  ['a method that never ends', 400, 'request_head_invalid', 'G'.repeat(100)],
];

const WITHIN: ReadonlyArray<readonly [string, string]> = [
  ['a field', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(250)}\r\n\r\n`],
  ['the number of fields', `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(4)}\r\n`],
  ['the target', `GET /${'x'.repeat(63)} HTTP/1.1\r\nHost: a\r\n\r\n`],
];

wireSuite('limits', { limits: LIMITS }, (suite) => {
  for (const [name, status, error, request] of REFUSED) {
    suite.test(`answers ${status} to ${name}`, async (proxied) => {
      const client = await proxied.send(request);
      const answers = await client.responsesUntilOver();
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [status],
      );
      assert.equal(fieldValue(answers[0]!.fields, 'connection'), 'close');
      assert.equal((await proxied.logged())[0]!.error, error);
      assert.equal(proxied.origin.requests.length, 0);
    });
  }

  for (const [name, request] of WITHIN) {
    suite.test(`serves what is just within the limit of ${name}`, async (proxied) => {
      const client = await proxied.send(request);
      assert.equal((await client.response()).status, 200);
    });
  }

  defineDefaults(suite);
  defineHeadTimeouts(suite);
  defineBodyTimeouts(suite);
  defineConnections(suite);
});

function defineDefaults(suite: WireSuite): void {
  suite.testWith('forwards a head of nearly 32 KiB by default', {}, async (proxied) => {
    const value = 'x'.repeat(15_000);
    const client = await proxied.send(
      `GET /${'p'.repeat(1_000)} HTTP/1.1\r\nHost: a\r\nA: ${value}\r\nB: ${value}\r\n\r\n`,
    );
    assert.equal((await client.response()).status, 200);
    const { fields } = proxied.origin.requests[0]!;
    assert.equal(fieldValue(fields, 'a'), value);
    assert.equal(fieldValue(fields, 'b'), value);
    client.write(`GET / HTTP/1.1\r\nHost: a\r\n${`A: ${value}\r\n`.repeat(3)}\r\n`);
    assert.equal((await client.response()).status, 431);
  });

  suite.testWith('forwards 127 fields beside Host by default', {}, async (proxied) => {
    const client = await proxied.send(`GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(127)}\r\n`);
    assert.equal((await client.response()).status, 200);
    client.write(`GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(128)}\r\n`);
    assert.equal((await client.response()).status, 431);
  });

  suite.testWith('forwards an answer head of nearly 32 KiB', {}, async (proxied) => {
    const value = 'x'.repeat(15_000);
    proxied.origin.onRequest = (_request, connection) =>
      connection.write(answerText('ok', '200 OK', `A: ${value}\r\nB: ${value}\r\n`));
    const client = await proxied.send(GET);
    assert.equal(fieldValue((await client.response()).fields, 'b'), value);
  });
}

function defineHeadTimeouts(suite: WireSuite): void {
  const config = { timeouts: { requestHead: '150ms', keepAliveIdle: '200ms' } };

  // RFC 9110 section 15.5.9: 408 with close.
  suite.testWith('answers 408 to a head that does not end', config, async (proxied) => {
    const client = await proxied.send('GET / HTTP/1.1\r\nHost: a\r\nX');
    const answers = await client.responsesUntilOver();
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [408],
    );
    assert.equal((await proxied.logged())[0]!.error, 'request_head_timeout');
  });

  suite.testWith('answers 408 to a head that trickles', config, async (proxied) => {
    const client = await proxied.send('GET / HTTP/1.1\r\nHost: a\r\nX: ');
    const timer = setInterval(() => client.write('y'), 20);
    try {
      const [answer] = await client.responsesUntilOver();
      assert.equal(answer!.status, 408);
    } finally {
      clearInterval(timer);
    }
  });

  suite.testWith('answers 408 to the head of a later request', config, async (proxied) => {
    const client = await proxied.send(`${GET}GET /2 HTTP/1.1\r\n`);
    const answers = await client.responsesUntilOver();
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [200, 408],
    );
  });

  // An answer without a request would be taken for the answer to the next one.
  for (const [name, bytes] of [
    ['that says nothing', ''],
    ['that idles after an answer', GET],
  ] as const) {
    suite.testWith(`closes a connection ${name} without a word`, config, async (proxied) => {
      const client = await proxied.send(bytes);
      const answers = await client.responsesUntilOver();
      assert.equal(answers.length, bytes === '' ? 0 : 1);
      assert.equal(client.wire.isReset, false);
    });
  }
}

function defineBodyTimeouts(suite: WireSuite): void {
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n';

  suite.testWith(
    'answers 408 to a body that stops',
    { timeouts: { bodyIdle: '150ms' } },
    async (proxied) => {
      const client = await proxied.send(`${head}begun`);
      const answers = await client.responsesUntilOver();
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [408],
      );
      assert.equal((await proxied.logged())[0]!.error, 'request_body_timeout');
      await until('the upstream is let go', () => proxied.origin.openConnections.length === 0);
      assert.equal(proxied.origin.requests.length, 0);
    },
  );

  suite.testWith(
    'answers 408 to a body that trickles below the rate',
    { timeouts: { bodyRateGrace: '200ms' }, limits: { bodyRate: '10KB' } },
    async (proxied) => {
      const client = await proxied.send(head);
      const timer = setInterval(() => client.write('x'), 10);
      try {
        const [answer] = await client.responsesUntilOver();
        assert.equal(answer!.status, 408);
      } finally {
        clearInterval(timer);
      }
      assert.equal((await proxied.logged())[0]!.error, 'request_body_too_slow');
    },
  );

  suite.testWith(
    'resets a client that does not read its answer',
    { timeouts: { bodyRateGrace: '200ms', bodyIdle: '400ms' }, limits: { bodyRate: '10KB' } },
    async (proxied) => {
      const body = Buffer.alloc(16_000_000, 'x');
      proxied.origin.onRequest = (_request, connection) => {
        connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
        connection.write(body);
      };
      const client = await proxied.client();
      client.wire.pause();
      client.write(GET);
      const [line] = await proxied.logged();
      assert.equal(line!.error, 'client_too_slow');
      client.wire.resume();
      await client.wire.over();
      assert.ok(client.wire.receivedBytes < body.length);
    },
  );

  suite.testWith(
    'does not hold a slow origin against the client',
    { timeouts: { bodyRateGrace: '50ms', bodyIdle: '60ms' }, limits: { bodyRate: '1MB' } },
    async (proxied) => {
      proxied.origin.onRequest = (_request, connection) => {
        connection.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello');
        setTimeout(() => connection.write('world'), 300);
      };
      const client = await proxied.send(
        'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab',
      );
      assert.equal((await client.response()).body.toString(), 'helloworld');
    },
  );
}

function defineConnections(suite: WireSuite): void {
  suite.testWith(
    'closes the oldest idle connection at the limit of connections',
    { limits: { connections: 2 } },
    async (proxied) => {
      const first = await proxied.send(GET);
      await first.response();
      const second = await proxied.send(GET);
      await second.response();
      const third = await proxied.send(GET);
      await third.response();
      await first.wire.over();
      assert.equal(first.unread, '');
      second.write(GET);
      assert.equal((await second.response()).status, 200);
    },
  );
}
