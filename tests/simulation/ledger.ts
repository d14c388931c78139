// What happened to each exchange of a simulation, and the oracle: what a client took for a complete
// answer is byte for byte what the upstream sent for that very request, and what an upstream took
// for a complete request is what the client sent.

import { strict as assert } from 'node:assert';
import { bodyOf } from './bodies.ts';
import type { MessageHead } from './message_reader.ts';
import type { RequestPlan } from './plans.ts';

/** What an upstream began to answer. */
interface Answer {
  readonly attempt: number;
  readonly status: string;
  readonly body: Buffer;
}

/** One request and what became of it. */
export interface Exchange {
  readonly plan: RequestPlan;
  /** How often a head of it reached an upstream. */
  attempts: number;
  readonly answers: Answer[];
  /** Status of the complete answer that the client got; '' while it has none. */
  status: string;
  /** The answer came from the upstream, not from the proxy. */
  isProxied: boolean;
}

const RETRIED_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);

export class Ledger {
  readonly #exchanges: Map<string, Exchange> = new Map();

  open(plan: RequestPlan): Exchange {
    const exchange: Exchange = { plan, attempts: 0, answers: [], status: '', isProxied: false };
    this.#exchanges.set(plan.id, exchange);
    return exchange;
  }

  get exchanges(): readonly Exchange[] {
    return [...this.#exchanges.values()];
  }

  /** A request head reached an upstream. */
  onRequestHead(head: MessageHead): Exchange {
    const id = head.fields.get('x-id') ?? '';
    const exchange = this.#exchanges.get(id);
    assert(exchange !== undefined, `an upstream gets requests that a client sent, not '${id}'`);
    const { plan } = exchange;
    assert.equal(head.first, plan.method, `method of ${id}`);
    assert.equal(head.second, `/${id}`, `target of ${id}`);
    assert.match(head.fields.get('via') ?? '', /^1\.[01] /, `Via of ${id}`);
    assert.equal(head.fields.has('x-hop'), false, `a field of one hop of ${id}`);
    exchange.attempts++;
    assert.ok(exchange.attempts <= 2, `${id} is sent again once at most`);
    if (exchange.attempts === 2) {
      assert.ok(RETRIED_METHODS.has(plan.method), `${plan.method} ${id} is sent once`);
    }
    return exchange;
  }

  /** A request is complete for an upstream. */
  onRequestComplete({ plan }: Exchange, body: Buffer): void {
    assert.ok(body.equals(bodyOf(plan.id, plan.bodyBytes)), `request body of ${plan.id}`);
  }

  /** An upstream begins an answer; returns its body. */
  onAnswer(exchange: Exchange, status: string): Answer {
    const { plan, attempts } = exchange;
    const answer: Answer = {
      attempt: attempts,
      status,
      body: bodyOf(`${plan.id}#${attempts}`, plan.response.bodyBytes),
    };
    exchange.answers.push(answer);
    return answer;
  }

  /** A client has an answer that looks complete. */
  onResponse(exchange: Exchange, head: MessageHead, body: Buffer): void {
    const { plan } = exchange;
    assert.equal(exchange.status, '', `one answer to ${plan.id}`);
    exchange.status = head.second;
    const id = head.fields.get('x-id');
    if (id === undefined) {
      const status = head.fields.get('proxy-status') ?? '';
      assert.notEqual(status, '', `${head.second} of the proxy to ${plan.id} says why`);
      return;
    }
    exchange.isProxied = true;
    assert.equal(id, plan.id, 'an answer belongs to its request');
    const attempt = Number(head.fields.get('x-attempt'));
    const answer = exchange.answers.find((sent) => sent.attempt === attempt);
    assert(answer !== undefined, `an answer to ${id} that was sent`);
    assert.equal(head.second, answer.status, `status of ${id}`);
    const expected = plan.kind === 'head' ? Buffer.alloc(0) : answer.body;
    assert.equal(body.length, expected.length, `length of the answer to ${id}`);
    assert.ok(body.equals(expected), `bytes of the answer to ${id}`);
  }
}
