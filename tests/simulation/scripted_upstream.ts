// An upstream of the simulation: reads requests strictly and answers each as its plan says.

import type { SocketAddress } from '../../src/base/socket_address.ts';
import type { Random } from '../support/random.ts';
import type { SimulatedNetwork, SimulatedPeer } from '../support/simulated_network.ts';
import { chunked } from './bodies.ts';
import type { Exchange, Ledger } from './ledger.ts';
import { MessageReader } from './message_reader.ts';
import { writePiecewise } from './piecewise.ts';
import type { ResponsePlan } from './plans.ts';

/** Bytes that no proxy may pass on. */
const INVALID: readonly string[] = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nX-Nul: \0\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\nContent-Length: 0\r\n\r\n',
  'HTTP/2.0 200 OK\r\n\r\n',
  'garbage\r\n\r\n',
];

const FIN_DELAY_MS_MAX = 60;

/** Whether an answer is still the connection's last, and nothing of a next request has come. */
interface Turn {
  isCurrent(): boolean;
  isIdle(): boolean;
}

export class ScriptedUpstream {
  readonly #network: SimulatedNetwork;
  readonly #random: Random;
  readonly #ledger: Ledger;

  constructor(network: SimulatedNetwork, address: SocketAddress, ledger: Ledger, random: Random) {
    this.#network = network;
    this.#ledger = ledger;
    this.#random = random;
    network.serve(address, (peer) => this.#onConnect(peer));
  }

  #onConnect(peer: SimulatedPeer): void {
    const reader = new MessageReader('request', () => false);
    let exchange: Exchange | null = null;
    let isAnswering = false;
    let requestsCount = 0;
    const answer = (): void => {
      if (isAnswering || exchange === null) return;
      isAnswering = true;
      const current = exchange;
      const served = requestsCount;
      const turn: Turn = {
        isCurrent: () => requestsCount === served,
        isIdle: () => requestsCount === served && !reader.isWithin,
      };
      const { delayMs } = current.plan.response;
      this.#network.after(delayMs, () => this.#answer(peer, current, turn));
    };
    const read = (): void => {
      if (reader.head !== null && exchange === null) {
        requestsCount++;
        exchange = this.#ledger.onRequestHead(reader.head);
        if (isEager(exchange)) answer();
      }
      if (!reader.isComplete || exchange === null) return;
      this.#ledger.onRequestComplete(exchange, reader.body);
      answer();
      exchange = null;
      isAnswering = false;
      reader.next();
      read();
    };
    peer.onReceive = (): void => {
      reader.push(peer.takeReceived());
      read();
    };
    peer.onEnd = (): void => {
      if (!peer.hasEnded) peer.close();
    };
  }

  #answer(peer: SimulatedPeer, exchange: Exchange, turn: Turn): void {
    const { response } = exchange.plan;
    if (peer.hasClosed || peer.hasReset || peer.isReset || response.kind === 'silent') return;
    // A second attempt at what killed the first one is answered.
    if (response.kind === 'dead' && exchange.attempts === 1) {
      if (response.variant % 2 === 0) peer.close();
      else peer.reset();
      return;
    }
    if (response.kind === 'invalid') {
      peer.write(INVALID[response.variant]!);
      return;
    }
    const isHead = exchange.plan.kind === 'head';
    const bytes = this.#encode(exchange, isHead);
    const pieces = { pieces: response.pieces, delayMs: response.pieceDelayMs };
    writePiecewise(this.#network, this.#random, peer, bytes, pieces, () =>
      this.#afterAnswer(peer, response, turn),
    );
  }

  #afterAnswer(peer: SimulatedPeer, response: ResponsePlan, turn: Turn): void {
    // The last pieces of an answer may be empty: the next request is already there, and not to be
    // hit.
    if (!turn.isCurrent()) return;
    switch (response.kind) {
      case 'close':
      case 'earlyClose':
      case 'dyingEnd':
        peer.close();
        return;
      case 'dyingReset':
        peer.reset();
        return;
    }
    if (response.closes === 'announced') peer.close();
    else if (response.closes === 'silently') {
      this.#network.after(response.closeDelayMs, () => {
        if (turn.isIdle()) this.#closeIdle(peer);
      });
    }
  }

  /**
   * Closes between two requests; the FIN takes a while, in which the proxy may send the next one.
   */
  #closeIdle(peer: SimulatedPeer): void {
    if (peer.hasEnded || peer.isReset) return;
    peer.abandon();
    this.#network.after(this.#random.integer(0, FIN_DELAY_MS_MAX), () => peer.close());
  }

  #encode(exchange: Exchange, isHead: boolean): Buffer {
    const { plan } = exchange;
    const { response } = plan;
    const status = statusOf(response);
    const answer = this.#ledger.onAnswer(exchange, status);
    const fields = [`X-Id: ${plan.id}`, `X-Attempt: ${answer.attempt}`];
    const isDying = response.kind === 'dyingEnd' || response.kind === 'dyingReset';
    let body: Buffer = answer.body;
    if (response.kind === 'close' || (response.kind === 'dyingReset' && response.variant === 0)) {
      fields.push('Connection: close');
    } else if (isChunked(response)) {
      fields.push('Transfer-Encoding: chunked');
      body = chunked(body, 1_000 + response.variant * 3_000);
    } else if (response.kind !== 'empty') {
      fields.push(`Content-Length: ${body.length}`);
    }
    if (response.closes === 'announced' && response.kind !== 'close') {
      fields.push('Connection: close');
    }
    // A dying answer always lacks something: the last byte, or the last chunk.
    if (isDying) body = body.subarray(0, Math.min(response.sentBytes, body.length - 1));
    const head = `HTTP/1.1 ${status} \r\n${fields.join('\r\n')}\r\n\r\n`;
    const interim = response.kind === 'interim' ? interimHeads(response) : '';
    const start = Buffer.from(interim + head, 'latin1');
    return isHead ? start : Buffer.concat([start, body]);
  }
}

/** Answers before the whole request is there. */
function isEager({ plan }: Exchange): boolean {
  const { kind, variant } = plan.response;
  if (kind === 'early' || kind === 'earlyClose') return true;
  return kind === 'dead' && variant >= 3;
}

function isChunked(response: ResponsePlan): boolean {
  switch (response.kind) {
    case 'chunked':
      return true;
    case 'interim':
    case 'early':
    case 'earlyClose':
    case 'dyingReset':
    case 'dyingEnd':
      return response.variant >= 3;
    default:
      return false;
  }
}

function statusOf(response: ResponsePlan): string {
  if (response.kind === 'empty') return response.variant % 2 === 0 ? '204' : '304';
  return ['200', '200', '201', '404', '500', '299'][response.variant]!;
}

function interimHeads(response: ResponsePlan): string {
  const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n';
  return response.variant % 2 === 0 ? hints : `HTTP/1.1 102 Processing\r\n\r\n${hints}`;
}
