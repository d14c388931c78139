// The HTTP/1.1 server driver on a network that misbehaves by seed: whatever breaks, each response
// that looks complete is the whole and right one, in its place, and nothing is leaked.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Random } from '../../tests/support/random.ts';
import {
  DownstreamHarness,
  type ScriptedExchange,
} from '../../tests/support/scripted_exchanges.ts';
import type { SimulatedPeer } from '../../tests/support/simulated_peer.ts';
import { Framing } from '../http/message_head.ts';

const SEEDS_COUNT = 300;
const FAULTS = {
  shortRead: 0.2,
  shortWrite: 0.2,
  reset: 0.002,
  delay: 0.1,
  noBuffer: 0.03,
  emptyPool: 0.01,
  acceptStarved: 0.05,
};
/** What the driver may answer by itself here: out of buffers, or the client was too slow. */
const OWN_STATUSES = [408, 503];

interface Client {
  readonly peer: SimulatedPeer;
  readonly bodies: Map<string, string>;
  readonly targets: string[];
}

function bodyOf(target: string, random: Random): string {
  const byteCount = random.chance(0.2) ? random.integer(4_000, 90_000) : random.integer(0, 300);
  return `${target}:`.repeat(Math.ceil(byteCount / (target.length + 1)));
}

function writeRequests(client: Client, name: string, random: Random): void {
  let text = '';
  for (let i = random.integer(1, 6); i > 0; i--) {
    const target = `/${name}/${i}`;
    const body = bodyOf(`body of ${target}`, random);
    client.targets.push(target);
    client.bodies.set(target, body);
    const line = `POST ${target} HTTP/1.1\r\nHost: x\r\n`;
    if (random.chance(0.3)) text += `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;
    else if (random.chance(0.5)) text += `${line}Content-Length: ${body.length}\r\n\r\n${body}`;
    else {
      const half = body.length >> 1;
      text += `${line}Transfer-Encoding: chunked\r\n\r\n`;
      for (const part of [body.slice(0, half), body.slice(half)]) {
        if (part !== '') text += `${part.length.toString(16)};e=1\r\n${part}\r\n`;
      }
      text += random.chance(0.5) ? '0\r\n\r\n' : '0\r\nX-Sum: 1\r\n\r\n';
    }
  }
  const cuts = Array.from({ length: 4 }, () => random.integer(1, text.length));
  client.peer.write(text, { splitAt: cuts.sort((a, b) => a - b) });
}

/** Answers in one of several ways, now or later, with a text that names the request. */
function answer(exchange: ScriptedExchange, random: Random): void {
  const text = `answer to ${exchange.target} `.repeat(random.chance(0.2) ? 3_000 : 3);
  const isChunked = random.chance(0.5);
  if (random.chance(0.03)) {
    exchange.abort();
    return;
  }
  const half = text.length >> 1;
  const bodyFollows = random.chance(0.5);
  if (isChunked) exchange.writeHead({ framing: Framing.CHUNKED, bodyFollows });
  else {
    exchange.writeHead({ framing: Framing.LENGTH, contentLength: text.length, bodyFollows });
  }
  exchange.onWritable = () => {
    exchange.onWritable = null;
    exchange.write(text.slice(half), true);
    exchange.end();
  };
  exchange.write(text.slice(0, half));
}

/** Checks each response that looks complete; returns how many there were. */
function checkResponses(client: Client, seed: number): number {
  let rest = client.peer.receivedText();
  let count = 0;
  for (;;) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd < 0) return count;
    const head = rest.slice(0, headEnd);
    rest = rest.slice(headEnd + 4);
    const length = /Content-Length: (\d+)/.exec(head);
    let body: string;
    if (length === null) {
      const chunks = /^((?:[0-9a-f]+\r\n[^\r]*\r\n)*?)0\r\n\r\n/.exec(rest);
      if (chunks === null) return count;
      body = chunks[1]!.replaceAll(/[0-9a-f]+\r\n([^\r]*)\r\n/g, '$1');
      rest = rest.slice(chunks[0].length);
    } else {
      if (rest.length < Number(length[1])) return count;
      body = rest.slice(0, Number(length[1]));
      rest = rest.slice(Number(length[1]));
    }
    const status = Number(head.slice(9, 12));
    if (status !== 200) {
      assert(
        OWN_STATUSES.includes(status) && head.includes('Connection: close'),
        `seed ${seed}: ${head}`,
      );
      assert.equal(rest, '', `seed ${seed}: nothing follows a refusal`);
      return count;
    }
    const target = client.targets[count];
    assert.match(body, new RegExp(`^(answer to ${target} )+$`), `seed ${seed}`);
    assert(
      body.length === 3 * `answer to ${target} `.length || body.length > 20_000,
      `seed ${seed}`,
    );
    count++;
  }
}

function runSeed(seed: number): { answered: number; asked: number } {
  const random = new Random(seed);
  const counts = { small: 40, medium: 8, large: 8 };
  const limits = { connectionsMax: 4 };
  const harness = new DownstreamHarness({ seed, faults: FAULTS, counts, limits });
  const clients: Client[] = [];
  const bodies = new Map<string, string>();
  harness.onExchange = (exchange) => {
    if (random.chance(0.5)) exchange.stream.releaseHead();
    if (random.chance(0.05)) {
      answer(exchange, random); // early, the body is never read
      return;
    }
    exchange.onEnd = () => {
      if (exchange.method === 'POST')
        assert.equal(exchange.body, bodies.get(exchange.target), `seed ${seed}`);
      if (random.chance(0.7)) answer(exchange, random);
      else {
        harness.network.transport.defer(() => {
          if (!exchange.isOver) answer(exchange, random);
        });
      }
    };
    exchange.read();
  };
  for (let i = 0; i < 6; i++) {
    const peer = harness.network.connect(harness.listener);
    const client = { peer, bodies, targets: [] };
    clients.push(client);
    writeRequests(client, `${seed}-${i}`, random);
    if (random.chance(0.1)) peer.end();
    harness.network.advance(random.integer(0, 30));
    peer.readPaused = random.chance(0.1);
  }
  harness.network.advance(3_000);
  for (const { peer } of clients) peer.readPaused = false;
  harness.network.advance(30_000);
  let answered = 0;
  for (const client of clients) answered += checkResponses(client, seed);
  harness.finish();
  return { answered, asked: clients.reduce((sum, client) => sum + client.targets.length, 0) };
}

test('Http1Server never answers wrongly, whatever the network does', () => {
  let answered = 0;
  let asked = 0;
  for (let seed = 1; seed <= SEEDS_COUNT; seed++) {
    const result = runSeed(seed);
    answered += result.answered;
    asked += result.asked;
  }
  assert(answered > asked / 3, `${answered} of ${asked} were answered`);
});
