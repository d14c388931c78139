// The vectors of llhttp and picohttpparser, end to end: requests through the proxy to an origin,
// answers from an origin through the proxy. They lie beside the checkout and are skipped where they
// do not (a user's clone); the project's own cases hold the same ground.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type ProxiedOrigin, startProxied, TRANSPORTS } from '../support/proxied_origin.ts';
import { answerOk } from '../support/scripted_origin.ts';
import type { WireClient } from '../support/wire_client.ts';
import type { WireMessage } from '../support/wire_message.ts';

const FOLDER: string = join(import.meta.dirname, '../../../shared/vectors/h1');

type Expectation = 'accept' | 'reject' | 'safe' | 'incomplete' | 'either';

interface Vector {
  readonly id: string;
  readonly name: string;
  readonly dir: 'request' | 'response';
  readonly raw_b64: string;
  readonly raw_with_host_b64?: string;
  readonly expect: Expectation;
}

/** Vectors that RFC 9110 and 9112 judge otherwise than their corpus, with the section. */
const OVERRULED: ReadonlyMap<string, readonly [Expectation, string]> = new Map([
  ['llhttp-request method/79', ['reject', 'RFC 9112 section 3.2.4: `*` is for OPTIONS']],
  ['llhttp-request uri/148', ['reject', 'RFC 9112 section 3.2: a target has no fragment']],
  ['llhttp-request uri/150', ['reject', 'RFC 9110 section 4.2.4: no user information']],
  ['llhttp-response connection/17', ['incomplete', 'RFC 9112 section 8: 16 bytes of 17']],
]);

function loadVectors(): Vector[] {
  if (!existsSync(FOLDER)) return [];
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  return files.flatMap((name) => {
    const { vectors } = JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as {
      vectors: Vector[];
    };
    return vectors.map((vector) => {
      const id = `${name.replace('.json', '')} ${vector.id}`;
      return { ...vector, id, expect: OVERRULED.get(id)?.[0] ?? vector.expect };
    });
  });
}

function bytesOf(vector: Vector): Buffer {
  return Buffer.from(vector.raw_with_host_b64 ?? vector.raw_b64, 'base64');
}

const VECTORS: readonly Vector[] = loadVectors();
const ANSWERS: readonly Vector[] = VECTORS.filter(({ dir }) => dir === 'response');

for (const { transport, skip } of TRANSPORTS) {
  const reason = VECTORS.length === 0 ? 'no ../shared/vectors here' : skip;
  describe(`vectors (transport ${transport})`, { skip: reason }, () => {
    test('requests', async (t) => {
      const proxied = await startProxied(transport, { halfClose: true });
      t.after(() => proxied.close());
      for (const vector of VECTORS.filter(({ dir }) => dir === 'request')) {
        await t.test(titleOf(vector), async () => {
          proxied.restart();
          await checkRequest(proxied, vector);
          assert.deepEqual(proxied.origin.faults, []);
        });
      }
    });

    const isUnfinished = ({ expect }: Vector): boolean => expect === 'incomplete';
    test('answers', async (t) => {
      const proxied = await startProxied(transport);
      t.after(() => proxied.close());
      serveVectors(proxied);
      for (const vector of ANSWERS.filter((vector) => !isUnfinished(vector))) {
        await t.test(titleOf(vector), () => checkResponse(proxied, vector));
      }
    });

    test('unfinished answers', { concurrency: 16 }, async (t) => {
      const timeouts = { firstByte: '200ms', betweenBytes: '200ms' };
      const proxied = await startProxied(transport, { timeouts });
      t.after(() => proxied.close());
      serveVectors(proxied);
      const tests = ANSWERS.filter(isUnfinished).map((vector) =>
        t.test(titleOf(vector), () => checkResponse(proxied, vector)),
      );
      await Promise.all(tests);
    });
  });
}

function titleOf({ id, expect, name }: Vector): string {
  return `${id}: ${expect} (${name})`;
}

/** Sends a vector and our FIN; judges the answers by what the origin got. */
async function checkRequest(proxied: ProxiedOrigin, vector: Vector): Promise<void> {
  const client = await proxied.client(0, true);
  client.write(bytesOf(vector));
  client.end();
  await client.wire.over();
  const { requests } = proxied.origin;
  const methods = requests.map((request) => request.method);
  const answers = await client.responsesUntilOver(methods);
  const finals = answers.filter((answer) => answer.status >= 200);
  assertInStep(finals, requests);
  const good = finals.filter((answer) => answer.status < 300);
  switch (vector.expect) {
    case 'accept':
      assert.ok(good.length >= 1, `answered ${finals[0]?.status}`);
      assert.equal(finals[0]!.status, 200);
      break;
    case 'reject':
      assert.equal(good.length, 0);
      assert.equal(requests.length, 0);
      break;
    case 'incomplete':
      assert.equal(good.length, 0);
      break;
    default:
  }
}

/** Each answer of the origin belongs to its request; a refusal is the last. */
function assertInStep(finals: readonly WireMessage[], requests: readonly WireMessage[]): void {
  const good = finals.filter((answer) => answer.status < 300);
  assert.equal(good.length, requests.length);
  for (const [i, request] of requests.entries()) {
    if (request.method === 'HEAD') continue;
    assert.equal(good[i]!.body.toString('latin1'), `origin ${request.target}`);
  }
  const refusal = finals.findIndex((answer) => answer.status >= 400);
  if (refusal >= 0) assert.equal(refusal, finals.length - 1);
}

/** The origin writes vector number N for `/vector/N`, then FIN unless more is to be waited for. */
function serveVectors(proxied: ProxiedOrigin): void {
  proxied.origin.onRequest = (request, connection) => {
    const index = /^\/vector\/(\d+)$/.exec(request.target)?.[1];
    if (index === undefined) {
      answerOk(request, connection);
      return;
    }
    const vector = ANSWERS[Number(index)]!;
    connection.write(bytesOf(vector));
    if (vector.expect !== 'incomplete') connection.end();
  };
}

async function checkResponse(proxied: ProxiedOrigin, vector: Vector): Promise<void> {
  const raw = bytesOf(vector).toString('latin1');
  const upgrade = /^HTTP\/1\.1 101(?:.|\n)*?\r\nUpgrade: *([\w-]+)/i.exec(raw)?.[1];
  const fields = upgrade === undefined ? '' : 'Connection: upgrade\r\nUpgrade: websocket\r\n';
  const client = await proxied.send(
    `GET /vector/${ANSWERS.indexOf(vector)} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`,
  );
  const answer = await finalAnswer(client);
  const isWhole = answer?.isComplete === true;
  switch (vector.expect) {
    case 'accept':
      assert.ok(isWhole);
      assert.ok(answer.status < 500 || raw.includes(` ${answer.status} `), String(answer.status));
      break;
    case 'reject':
    case 'incomplete':
      assert.ok(!isWhole || answer.status >= 500, `answered ${answer?.status}`);
      break;
    default:
  }
  // Whatever it was: the next answer on this connection is the next one's.
  if (!isWhole || vector.expect === 'incomplete' || client.wire.isEnded || client.wire.isReset)
    return;
  client.write('GET /probe HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal((await client.response()).body.toString(), 'origin /probe');
}

/** The first answer that is not interim; what there is of it where it breaks off; null for none. */
async function finalAnswer(client: WireClient): Promise<WireMessage | null> {
  for (;;) {
    let answer: WireMessage;
    try {
      answer = await client.response();
    } catch {
      return client.peek();
    }
    if (answer.status >= 200 || answer.status === 101) return answer;
  }
}
