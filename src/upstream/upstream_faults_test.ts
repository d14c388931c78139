// Many exchanges with endpoints that answer in every shape, over a network with faults from a
// seed. Whatever goes wrong: an answer that looks complete is the answer to that very request,
// byte for byte, a request that the endpoint takes for whole is the one that was written, and
// nothing is left at the end.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Random } from '../../tests/support/random.ts';
import type { SimulatedPeer } from '../../tests/support/simulated_network.ts';
import {
  ADDRESS,
  type RecordedExchange,
  UpstreamBench,
} from '../../tests/support/upstream_bench.ts';
import { SizeClass } from '../base/buffer_pool.ts';
import { Framing } from '../http/message_head.ts';

const SEEDS = 150;
const EXCHANGES = 12;
const FAULTS = {
  shortRead: 0.15,
  shortWrite: 0.15,
  reset: 0.01,
  delay: 0.08,
  noBuffer: 0.03,
  emptyPool: 0.005,
  connectRefused: 0.03,
  connectTimedOut: 0.02,
} as const;

/** What a run knows of the requests that it makes. */
class Script {
  readonly random: Random;
  readonly requestBodies: Map<string, string> = new Map();
  readonly answers: Map<string, string> = new Map();

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  text(tag: string, byteCountMax: number): string {
    const byteCount = this.random.integer(0, byteCountMax);
    return tag.repeat(Math.ceil(byteCount / tag.length) + 1).slice(0, byteCount);
  }

  /** Serves one connection: answers each request that has arrived whole. */
  serve(peer: SimulatedPeer): void {
    let received = '';
    peer.onReceive = (bytes): void => {
      received += bytes.toString('latin1');
      for (;;) {
        const request = parseRequest(received);
        if (request === null) return;
        received = received.slice(request.byteCount);
        const id = request.target.slice(1);
        assert.equal(
          request.body,
          this.requestBodies.get(id),
          'a whole request is the one written',
        );
        if (!this.#answer(peer, id)) return;
      }
    };
  }

  /** Writes an answer of a random shape; false where the connection ends with it. */
  #answer(peer: SimulatedPeer, id: string): boolean {
    const { random } = this;
    const body = this.text(`<${id}>`, random.chance(0.2) ? 120_000 : 3_000);
    this.answers.set(id, body);
    let text = random.chance(0.2) ? `HTTP/1.1 103 X\r\nX-Id: ${id}\r\n\r\n` : '';
    const shape = random.integer(0, 3);
    const isClosing = shape === 2 || random.chance(0.2);
    text += `HTTP/1.1 200 OK\r\nX-Id: ${id}\r\n${isClosing ? 'Connection: close\r\n' : ''}`;
    if (shape === 1) text += `Transfer-Encoding: chunked\r\n\r\n${this.#chunks(body)}`;
    else if (shape === 2) text += `\r\n${body}`;
    else text += `Content-Length: ${body.length}\r\n\r\n${body}`;
    const cuts = Array.from({ length: 6 }, () => random.integer(0, text.length));
    peer.write(text, { splitAt: cuts.sort((a, b) => a - b) });
    if (isClosing) peer.close();
    return !isClosing;
  }

  #chunks(body: string): string {
    let text = '';
    for (let at = 0; at < body.length; ) {
      const size = this.random.integer(1, 4_000);
      const chunk = body.slice(at, at + size);
      text += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
      at += size;
    }
    return `${text}0\r\n${this.random.chance(0.3) ? 'X-T: v\r\n' : ''}\r\n`;
  }
}

interface ParsedRequest {
  readonly target: string;
  readonly body: string;
  readonly byteCount: number;
}

/** The first request of the text, null while it is not whole. */
function parseRequest(text: string): ParsedRequest | null {
  const headEnd = text.indexOf('\r\n\r\n') + 4;
  if (headEnd < 4) return null;
  const head = text.slice(0, headEnd);
  const target = /^[A-Z]+ (\S+) HTTP\/1\.1\r\n/.exec(head)?.[1];
  assert(target !== undefined, `a request line begins ${head.slice(0, 40)}`);
  const length = /Content-Length: (\d+)/.exec(head)?.[1];
  if (length !== undefined) {
    const end = headEnd + Number(length);
    return text.length < end ? null : { target, body: text.slice(headEnd, end), byteCount: end };
  }
  if (!head.includes('chunked')) return { target, body: '', byteCount: headEnd };
  let body = '';
  for (let at = headEnd; ; ) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const dataEnd = lineEnd + 2 + size;
    if (text.length < dataEnd + 2) return null;
    body += text.slice(lineEnd + 2, dataEnd);
    at = dataEnd + 2;
    if (size === 0) return { target, body, byteCount: at };
  }
}

/** Begins an exchange that writes its body as it may, reads, and at times gives up. */
function begin(bench: UpstreamBench, script: Script, id: string): RecordedExchange {
  const { random } = script;
  const exchange = bench.exchange();
  const kind = random.integer(0, 2);
  const body = kind === 0 ? '' : script.text(`[${id}]`, random.chance(0.3) ? 60_000 : 200);
  script.requestBodies.set(id, body);
  let at = 0;
  const writeNext = (): void => {
    if (exchange.stream === null) return;
    const size = random.integer(1, 9_000);
    const chunk = body.slice(at, at + size);
    at += size;
    const isLast = at >= body.length;
    if (chunk !== '') {
      if (bench.network.pool.freeCount(SizeClass.MEDIUM) === 0) {
        exchange.abort(); // as an exchange does that cannot go on
        return;
      }
      exchange.write(chunk, isLast, SizeClass.MEDIUM);
    }
    if (isLast) exchange.end();
  };
  exchange.spec = {
    target: `/${id}`,
    method: kind === 0 ? 'GET' : 'POST',
    framing: kind === 0 ? Framing.NONE : kind === 1 ? Framing.LENGTH : Framing.CHUNKED,
    contentLength: kind === 1 ? body.length : -1,
    bodyFollows: random.chance(0.5),
  };
  const givesUpAt = random.chance(0.1) ? random.integer(1, 6) : -1;
  exchange.onEvent = (event): void => {
    if (exchange.stream === null) return;
    if (exchange.events.length === givesUpAt) exchange.abort();
    else if (event === 'writable') writeNext();
    else if (event === 'end') exchange.abort(); // the answer came before the request was whole
  };
  if (kind !== 0) exchange.onReady = writeNext;
  exchange.acquire();
  return exchange;
}

test('Upstream confuses nothing and loses nothing under faults', () => {
  const totals: Record<string, number> = {};
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      runSeed(seed, totals);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  for (const kind of Object.keys(FAULTS)) {
    assert.ok((totals[kind] ?? 0) >= 20, `${kind} happened ${totals[kind]} times`);
  }
  for (const outcome of ['end', 'reused', 'http_response_incomplete', 'connection_refused']) {
    assert.ok((totals[outcome] ?? 0) >= 20, `${outcome} happened ${totals[outcome]} times`);
  }
});

function runSeed(seed: number, totals: Record<string, number>): void {
  const bench = new UpstreamBench({
    network: { seed, faults: FAULTS },
    pool: { connectionsMax: 4, idleConnectionsMax: 2 },
  });
  const script = new Script(seed);
  bench.network.serve(ADDRESS, (peer) => script.serve(peer));
  const exchanges = Array.from({ length: EXCHANGES }, (_, index) => {
    bench.network.advance(script.random.integer(0, 60));
    return begin(bench, script, `${seed}-${index}`);
  });
  bench.network.advance(200_000);
  for (const [index, exchange] of exchanges.entries()) {
    const id = `${seed}-${index}`;
    const { outcome } = exchange;
    totals[outcome] = (totals[outcome] ?? 0) + 1;
    if (exchange.streamLast?.isReused) totals['reused'] = (totals['reused'] ?? 0) + 1;
    const isOver = outcome !== '' || exchange.stream === null;
    assert.ok(isOver, `${id} is over: ${exchange.events}`);
    if (exchange.fields['X-Id'] !== undefined) assert.equal(exchange.fields['X-Id'], id);
    if (outcome === 'end') assert.equal(exchange.body, script.answers.get(id));
    else assert.ok((script.answers.get(id) ?? '').startsWith(exchange.body));
  }
  for (const [kind, count] of Object.entries(bench.network.faults.counts)) {
    totals[kind] = (totals[kind] ?? 0) + count;
  }
  bench.finish();
}
