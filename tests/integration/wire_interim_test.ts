// Interim answers and Expect over real sockets: RFC 9110 sections 10.1.1 and 15.2. A client sees at
// most one 100, the endpoint decides about it, and every other 1xx is forwarded in order.

import assert from 'node:assert/strict';
import { answerText } from '../support/scripted_origin.ts';
import { fieldValue } from '../support/wire_message.ts';
import { type WireSuite, wireSuite } from '../support/wire_suite.ts';

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const ASK = 'POST /up HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n';
const NEXT = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n';

wireSuite('interim answers', {}, (suite) => {
  defineExpect(suite);
  defineExpectOddities(suite);
  defineInterim(suite);
  defineLoneInterim(suite);
});

function defineInterim(suite: WireSuite): void {
  suite.test('forwards 1xx in their order', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) => {
      connection.write(
        'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n',
      );
      connection.write(`HTTP/1.1 103 Early Hints\r\nLink: <y>\r\n\r\n${answerText('end')}`);
    };
    const client = await proxied.send(NEXT);
    const links: Array<string | undefined> = [];
    for (const status of [102, 103, 103]) {
      const interim = await client.response();
      assert.equal(interim.status, status);
      assert.equal(fieldValue(interim.fields, 'content-length'), undefined);
      links.push(fieldValue(interim.fields, 'link'));
    }
    assert.deepEqual(links, [undefined, '<x>', '<y>']);
    assert.equal((await client.response()).body.toString(), 'end');
  });

  suite.test('forwards a 1xx before the final answer is there', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) =>
      connection.write('HTTP/1.1 103 Early Hints\r\n\r\n');
    const client = await proxied.send(NEXT);
    assert.equal((await client.response()).status, 103);
    proxied.origin.connections.at(-1)!.write(answerText('end'));
    assert.equal((await client.response()).body.toString(), 'end');
  });

  // RFC 9110 section 8.6, RFC 9112 section 6.1: neither framing field in a 1xx.
  suite.test('removes framing fields from a 1xx', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) => {
      connection.write('HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n');
      connection.write('HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n');
      connection.write(answerText('end'));
    };
    const client = await proxied.send(NEXT);
    for (let i = 0; i < 2; i++) {
      const { status, fields } = await client.response();
      assert.equal(status, 103);
      assert.equal(fieldValue(fields, 'content-length'), undefined);
      assert.equal(fieldValue(fields, 'transfer-encoding'), undefined);
    }
    assert.equal((await client.response()).body.toString(), 'end');
  });
}

function defineLoneInterim(suite: WireSuite): void {
  // RFC 9110 section 15.2: a proxy MUST forward 1xx that it did not ask for itself.
  suite.test('forwards a 100 that nobody waits for', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) =>
      connection.write(CONTINUE + answerText('end'));
    const client = await proxied.send(NEXT);
    assert.equal((await client.response()).status, 100);
    assert.equal((await client.response()).body.toString(), 'end');
  });

  suite.test('gives up an upstream that sends nothing but 1xx', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) =>
      connection.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(100));
    const client = await proxied.send(NEXT);
    const answers: number[] = [];
    do answers.push((await client.response()).status);
    while (answers.at(-1)! < 200);
    assert.equal(answers.at(-1), 502);
  });

  suite.test('answers 502 where the upstream closes behind a 1xx', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) => {
      connection.write('HTTP/1.1 103 Early Hints\r\n\r\n');
      connection.end();
    };
    const client = await proxied.send(NEXT);
    assert.equal((await client.response()).status, 103);
    assert.equal((await client.response()).status, 502);
  });
}

function defineExpect(suite: WireSuite): void {
  suite.test('relays the 100 of the endpoint and then the body', async (proxied) => {
    let bodyBefore = '?';
    proxied.origin.onHead = (request, connection) => {
      if (request.target !== '/up') return;
      bodyBefore = request.body.toString();
      assert.equal(fieldValue(request.fields, 'expect'), '100-continue');
      connection.write(CONTINUE);
    };
    const client = await proxied.send(ASK);
    assert.equal((await client.response()).status, 100);
    assert.equal(bodyBefore, '');
    client.write('hello');
    assert.equal((await client.response()).body.toString(), 'origin /up');
    assert.equal(proxied.origin.requests[0]!.body.toString(), 'hello');
    client.write(NEXT);
    assert.equal((await client.response()).body.toString(), 'origin /next');
  });

  suite.test('relays a final answer in place of a 100', async (proxied) => {
    proxied.origin.onHead = (_request, connection) => {
      connection.write(answerText('no', '401 Unauthorized', 'WWW-Authenticate: Basic\r\n'));
    };
    const client = await proxied.send(ASK);
    const answer = await client.response();
    assert.equal(answer.status, 401);
    assert.equal(answer.body.toString(), 'no');
    // Whether the body follows is not known: the connection must not serve what comes next.
    assert.equal(fieldValue(answer.fields, 'connection'), 'close');
  });

  // Some endpoints know nothing of it: after a second the body is asked for all the same.
  suite.test('says 100 itself where the endpoint stays silent', async (proxied) => {
    const client = await proxied.send(ASK);
    assert.equal((await client.response()).status, 100);
    client.write('hello');
    assert.equal((await client.response()).body.toString(), 'origin /up');
    assert.equal(proxied.origin.requests[0]!.body.toString(), 'hello');
  });

  suite.test('says 100 once where the endpoint says it late', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) =>
      connection.write(CONTINUE + answerText('done'));
    const client = await proxied.send(ASK);
    assert.equal((await client.response()).status, 100);
    client.write('hello');
    assert.equal((await client.response()).status, 200);
  });

  suite.test('says no 100 to a client that does not wait', async (proxied) => {
    const client = await proxied.send(`${ASK}hello`);
    const answer = await client.response();
    assert.equal(answer.status, 200);
    assert.equal(proxied.origin.requests[0]!.body.toString(), 'hello');
  });
}

function defineExpectOddities(suite: WireSuite): void {
  // RFC 9110 section 10.1.1: MUST ignore it in HTTP/1.0; MUST NOT send it without content.
  suite.test('ignores Expect in HTTP/1.0', async (proxied) => {
    const client = await proxied.send(`${ASK.replace('HTTP/1.1', 'HTTP/1.0')}hello`);
    const answers = await client.responsesUntilOver();
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [200],
    );
    assert.equal(fieldValue(proxied.origin.requests[0]!.fields, 'expect'), undefined);
  });

  suite.test('removes Expect from a request without content', async (proxied) => {
    const client = await proxied.send('GET /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    assert.equal(fieldValue(proxied.origin.requests[0]!.fields, 'expect'), undefined);
  });

  suite.test('takes 100-Continue in any case', async (proxied) => {
    proxied.origin.onHead = (_request, connection) => connection.write(CONTINUE);
    const client = await proxied.send(ASK.replace('100-continue', '100-Continue'));
    assert.equal((await client.response()).status, 100);
    client.write('hello');
    assert.equal((await client.response()).status, 200);
  });

  suite.test('relays a 100 for a chunked body', async (proxied) => {
    proxied.origin.onHead = (_request, connection) => connection.write(CONTINUE);
    const client = await proxied.send(
      ASK.replace('Content-Length: 5', 'Transfer-Encoding: chunked'),
    );
    assert.equal((await client.response()).status, 100);
    client.write('5\r\nhello\r\n0\r\n\r\n');
    assert.equal((await client.response()).status, 200);
    assert.equal(proxied.origin.requests[0]!.body.toString(), 'hello');
  });
}
