// A client of the simulation: asks what its plan says, reads what comes strictly, leaves as
// planned.

import { strict as assert } from 'node:assert';
import type { Listener } from '../../src/ring/transport.ts';
import type { Random } from '../support/random.ts';
import type { SimulatedNetwork, SimulatedPeer } from '../support/simulated_network.ts';
import { bodyOf, chunked } from './bodies.ts';
import type { Exchange, Ledger } from './ledger.ts';
import { MessageReader } from './message_reader.ts';
import { writePiecewise } from './piecewise.ts';
import type { ClientPlan, RequestPlan } from './plans.ts';

/** A client that waits for 100 (Continue) sends the body anyway after this long. */
const CONTINUE_WAIT_MS = 1_000;

export class ScriptedClient {
  readonly plan: ClientPlan;
  readonly exchanges: readonly Exchange[];
  readonly #network: SimulatedNetwork;
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #peer: SimulatedPeer;
  readonly #reader: MessageReader;
  #sentCount = 0;
  #answeredCount = 0;
  #onContinue: (() => void) | null = null;
  /** A part of a request is still to be written: an early answer does not let the next overtake. */
  #isWriting = false;
  #isNextDue = false;
  #hasLeft = false;

  constructor(
    network: SimulatedNetwork,
    listener: Listener,
    plan: ClientPlan,
    ledger: Ledger,
    random: Random,
  ) {
    this.#network = network;
    this.#random = random;
    this.#ledger = ledger;
    this.plan = plan;
    this.exchanges = plan.requests.map((request) => ledger.open(request));
    this.#reader = new MessageReader(
      'response',
      ({ second }) => this.#current?.plan.kind === 'head' || /^1..$|^204$|^304$/.test(second),
    );
    this.#peer = network.connect(listener);
    this.#peer.onReceive = (): void => this.#onReceive();
    this.#peer.onEnd = (): void => this.#onEnd();
    this.#sendNext();
    if (plan.kind === 'pipelined') while (this.#sentCount < plan.requests.length) this.#sendNext();
    this.#planLeaving();
  }

  /** It asked for everything in the plan and waited for it. */
  get isPatient(): boolean {
    return this.plan.leaving === 'patient' || this.plan.leaving === 'slowReader';
  }

  /** Goes away, whatever is still missing. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#peer.readPaused = false;
    if (!this.#peer.hasEnded) this.#peer.close();
  }

  get #current(): Exchange | undefined {
    return this.exchanges[this.#answeredCount];
  }

  #planLeaving(): void {
    const { leaving, leaveMs, pauseMs } = this.plan;
    if (leaving === 'patient') return;
    this.#network.after(leaveMs, () => {
      if (this.#hasLeft) return;
      if (leaving === 'slowReader') {
        this.#peer.readPaused = true;
        this.#network.after(pauseMs, () => {
          this.#peer.readPaused = false;
        });
      } else if (leaving === 'reset') {
        this.#hasLeft = true;
        this.#peer.reset();
      } else if (leaving === 'close') {
        this.leave();
      } else if (!this.#peer.hasEnded) {
        this.#peer.end();
      }
    });
  }

  #sendNext(): void {
    const request = this.plan.requests[this.#sentCount];
    if (request === undefined || this.#peer.hasEnded || this.#hasLeft) return;
    this.#isNextDue = this.#isWriting;
    if (this.#isNextDue) return;
    const isLast = ++this.#sentCount === this.plan.requests.length;
    const head = this.#encodeHead(request, isLast);
    const body = encodeBody(request);
    const pieces = { pieces: request.pieces, delayMs: request.pieceDelayMs };
    // What is pipelined must not overtake: it goes out in one piece.
    const options = this.plan.kind === 'pipelined' ? { pieces: 1, delayMs: 0 } : pieces;
    const write = (bytes: Buffer): void => {
      this.#isWriting = true;
      writePiecewise(this.#network, this.#random, this.#peer, bytes, options, () => {
        this.#isWriting = false;
        if (this.#isNextDue) this.#sendNext();
      });
    };
    if (request.kind !== 'expect' || this.plan.kind === 'pipelined') {
      write(Buffer.concat([head, body]));
      return;
    }
    this.#peer.write(head);
    const sendBody = (): void => {
      if (this.#onContinue !== sendBody) return;
      this.#onContinue = null;
      if (!this.#hasLeft && !this.#peer.hasEnded) write(body);
    };
    this.#onContinue = sendBody;
    this.#network.after(CONTINUE_WAIT_MS, sendBody);
  }

  #encodeHead(request: RequestPlan, isLast: boolean): Buffer {
    const { kind } = this.plan;
    const lines = [
      `${request.method} /${request.id} HTTP/${kind.startsWith('http10') ? '1.0' : '1.1'}`,
      'Host: simulated.example',
      `X-Id: ${request.id}`,
      'X-Hop: 1',
    ];
    const connection = ['x-hop'];
    if (kind === 'http10KeepAlive') connection.push('keep-alive');
    else if (isLast && request.pieces === 2) connection.push('close');
    lines.push(`Connection: ${connection.join(', ')}`);
    if (request.kind === 'chunked') lines.push('Transfer-Encoding: chunked');
    else if (request.kind === 'length') lines.push(`Content-Length: ${request.bodyBytes}`);
    else if (request.kind === 'expect') {
      lines.push(`Content-Length: ${request.bodyBytes}`, 'Expect: 100-continue');
    }
    return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  }

  #onReceive(): void {
    this.#reader.push(this.#peer.takeReceived());
    while (this.#reader.isComplete) this.#takeResponse();
  }

  #onEnd(): void {
    this.#reader.end();
    if (this.#reader.isComplete) this.#takeResponse();
    this.leave();
  }

  #takeResponse(): void {
    const { head, body } = this.#reader;
    const exchange = this.#current;
    assert(head !== null && exchange !== undefined, 'no answer without a request');
    if (head.second.startsWith('1')) {
      assert(!this.plan.kind.startsWith('http10'), 'HTTP/1.0 has no interim responses');
      if (head.second === '100') this.#onContinue?.();
      this.#reader.next();
      return;
    }
    this.#ledger.onResponse(exchange, head, body);
    this.#answeredCount++;
    const wasWaiting = this.#onContinue !== null;
    this.#onContinue = null;
    this.#reader.next();
    const isClosing = /close/i.test(head.fields.get('connection') ?? '');
    const isOver = this.#answeredCount === this.exchanges.length;
    // After a final answer instead of 100 the body is not sent: the connection is of no more use.
    if (isOver || isClosing || wasWaiting) this.leave();
    else if (this.plan.kind !== 'pipelined') this.#sendNext();
  }
}

function encodeBody(request: RequestPlan): Buffer {
  const body = bodyOf(request.id, request.bodyBytes);
  return request.kind === 'chunked' ? chunked(body, request.chunkBytes) : body;
}
