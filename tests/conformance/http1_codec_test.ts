// The wire cases of this folder through the HTTP/1 codec: whole, byte by byte and cut at each
// place, each also with the unfinished head moved to another buffer. What comes out must be what
// the case says and the same for every way to cut. Then the vectors of other projects, where they
// lie beside the checkout.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import { Method } from '../../src/http/methods.ts';
import type { HeadLimits } from '../../src/http1/decode_result.ts';
import type { FedResult, FeedOptions } from './http1_feeder.ts';
import { Http1Feeder, LIMITS_DEFAULT, OPTIONS_DEFAULT } from './http1_feeder.ts';
import type { WireCase } from './wire_case.ts';
import { readWireCases } from './wire_case.ts';

/** Inputs up to this size are cut at every place, longer ones at about this many. */
const CUTS_MAX = 700;
const FOLDER: URL = new URL('./', import.meta.url);
const VECTORS: URL = new URL('../../../shared/vectors/h1/', import.meta.url);

for (const file of readdirSync(FOLDER).filter(
  (name) => name.startsWith('http1_') && name.endsWith('.md'),
)) {
  describe(file, () => {
    for (const wireCase of readWireCases(new URL(file, FOLDER))) {
      test(wireCase.name, () => runCase(wireCase));
    }
  });
}

describe('vectors of other projects', () => {
  for (const file of ['llhttp-request.json', 'llhttp-response.json', 'picohttpparser.json']) {
    const url = new URL(file, VECTORS);
    const skip = existsSync(url) ? false : 'no ../shared/vectors beside this checkout';
    test(file, { skip }, (context) => runVectors(context, url));
  }
});

const feeders = new Map<string, Http1Feeder>();

function feederFor(options: FeedOptions): Http1Feeder {
  const key = JSON.stringify(options);
  const known = feeders.get(key);
  if (known !== undefined) return known;
  const feeder = new Http1Feeder(options);
  feeders.set(key, feeder);
  return feeder;
}

function runCase(wireCase: WireCase): void {
  const feeder = feederFor(optionsOf(wireCase));
  const whole = feedEveryWay(feeder, wireCase.input);
  const where = `${wireCase.file}:${wireCase.line}`;
  assert.equal(whole.verdict, wireCase.verdict, where);
  const first = whole.messages[0];
  for (const [key, value] of wireCase.decoded) {
    const actual =
      key === 'messages'
        ? String(whole.messages.length)
        : key === 'body'
          ? first?.body
          : key === 'trailers'
            ? first?.trailers
            : first?.properties[key];
    assert.equal(actual, value, `${where}: ${key}`);
  }
  if (wireCase.forwarded !== null) assert.equal(first?.forwarded, wireCase.forwarded, where);
}

// Whole, and then every other way, which must come to the same.
function feedEveryWay(feeder: Http1Feeder, input: Uint8Array): FedResult {
  const whole = feeder.feed(input, [], false);
  const everyByte = Array.from({ length: Math.max(input.length - 1, 0) }, (_, i) => i + 1);
  for (const moves of [false, true]) {
    const bytewise = feeder.feed(input, everyByte, moves);
    assertSame(bytewise, whole, `byte by byte, moves: ${moves}`);
    const step = Math.max(1, Math.floor(input.length / CUTS_MAX));
    for (let cut = 1; cut < input.length; cut += step) {
      assertSame(feeder.feed(input, [cut], moves), whole, `cut at ${cut}, moves: ${moves}`);
    }
  }
  return whole;
}

// Of a body that is refused in the end more is handed out the finer the input was cut.
function assertSame(actual: FedResult, whole: FedResult, how: string): void {
  const last = actual.messages.at(-1);
  if (whole.verdict === 'reject body' && last !== undefined) {
    const body = whole.messages.at(-1)?.body ?? '';
    assert.ok(last.body.startsWith(body), how);
    last.body = body;
  }
  if (!isSame(actual, whole)) assert.deepEqual(actual, whole, how);
}

// What deepEqual asks, cheaper: there are a million ways to cut.
function isSame(a: FedResult, b: FedResult): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function optionsOf(wireCase: WireCase): FeedOptions {
  const { words } = wireCase;
  return {
    direction: wireCase.direction,
    limits: limitsOf(words.get('limits')),
    allowUnderscores: words.get('underscores') === 'kept',
    method: Method[(words.get('method') ?? 'GET') as keyof typeof Method],
    clientVersion: Number(words.get('client') ?? 11),
    keepAlive: !words.has('close'),
    isEnded: words.has('eof'),
  };
}

function limitsOf(text: string | undefined): HeadLimits {
  const limits = new Map(
    (text ?? '').split(',').map((entry) => [...entry.split(':')] as [string, string]),
  );
  const get = (name: string, fallback: number): number => Number(limits.get(name) ?? fallback);
  return {
    headBytesMax: get('head', LIMITS_DEFAULT.headBytesMax),
    fieldBytesMax: get('field', LIMITS_DEFAULT.fieldBytesMax),
    fieldsCountMax: get('fields', LIMITS_DEFAULT.fieldsCountMax),
    targetBytesMax: get('target', LIMITS_DEFAULT.targetBytesMax),
  };
}

/** Vectors that another parser accepts and RFC 9112 section 3.2 does not. */
const REFUSED_BY_US: ReadonlyMap<string, string> = new Map([
  ['method/79', '`*` is for OPTIONS only'],
  ['uri/148', 'a request target has no fragment'],
  ['uri/150', 'user information in a target (RFC 9110 section 4.2.4)'],
]);

interface Vector {
  readonly id: string;
  readonly name: string;
  readonly dir: 'request' | 'response';
  readonly raw_b64: string;
  readonly raw_with_host_b64?: string;
  readonly expect: 'accept' | 'reject' | 'incomplete' | 'safe' | 'either';
  readonly note: string | null;
}

function runVectors(context: TestContext, url: URL): void {
  const { vectors } = JSON.parse(readFileSync(url, 'utf8')) as { vectors: readonly Vector[] };
  const failures: string[] = [];
  for (const vector of vectors) {
    const input = Buffer.from(vector.raw_with_host_b64 ?? vector.raw_b64, 'base64');
    const result = feedEveryWay(feederFor({ ...OPTIONS_DEFAULT, direction: vector.dir }), input);
    const failure = judgeVector(vector, result);
    if (failure !== '') failures.push(`${vector.id} (${vector.name}): ${failure}`);
  }
  context.diagnostic(`${vectors.length} vectors`);
  assert.deepEqual(failures, []);
}

function judgeVector(vector: Vector, result: FedResult): string {
  const isRejected = result.verdict.startsWith('reject');
  const hasComplete = result.messages.some((message) => message.isComplete);
  switch (vector.expect) {
    case 'accept':
      if (REFUSED_BY_US.has(vector.id)) return isRejected ? '' : result.verdict;
      // Host was added to the first message of a vector only.
      return hasComplete || !isRejected ? '' : result.verdict;
    case 'reject':
      return isRejected ? '' : result.verdict;
    case 'incomplete':
      return isRejected || !hasComplete || result.verdict === 'incomplete' ? '' : result.verdict;
    default:
      return '';
  }
}
