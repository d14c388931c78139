// A raw client for numbered exchanges: many connections at once, several requests in flight on each
// (pipelined), connections given up and opened again on the way. Each answer must be the one of the
// request whose turn it is, whole.

import { connect, type Socket } from 'node:net';
import {
  encodeNumberedRequest,
  NUMBER_FIELD,
  numberedRequest,
  numberedResponse,
} from './numbered_exchange.ts';
import { Random } from './random.ts';
import { fieldValue, readResponse, type WireMessage } from './wire_message.ts';

const IN_FLIGHT_MAX = 4;
/** Requests of a connection, at most; the last one says `Connection: close` every other time. */
const REQUESTS_PER_CONNECTION_MAX = 400;
const BUFFER_BYTES_MIN = 65_536;
/** No answer for this long: something was lost. */
const SILENCE_MS_MAX = 20_000;

export interface NumberedLoad {
  readonly host: string;
  readonly port: number;
  /** Exchanges 0 to `count` - 1. */
  readonly count: number;
  readonly connections: number;
  readonly seed: number;
}

export interface NumberedResult {
  /** Answers that were right and whole. */
  readonly answered: number;
  readonly connectionsOpened: number;
  /** What was wrong; the first few. */
  readonly faults: readonly string[];
}

/** Sends all requests and reads all answers; a connection that fails takes what it had with it. */
export async function runNumberedLoad(load: NumberedLoad): Promise<NumberedResult> {
  const run = new NumberedRun(load);
  await Promise.all(Array.from({ length: load.connections }, () => run.work()));
  return { ...run };
}

class NumberedRun {
  answered = 0;
  connectionsOpened = 0;
  readonly faults: string[] = [];
  readonly #load: NumberedLoad;
  readonly #random: Random;
  #next = 0;

  constructor(load: NumberedLoad) {
    this.#load = load;
    this.#random = new Random(load.seed);
  }

  /** One connection after the other, until no number is left. */
  async work(): Promise<void> {
    while (this.#next < this.#load.count) {
      this.connectionsOpened++;
      const quota = this.#random.integer(1, REQUESTS_PER_CONNECTION_MAX);
      const connection = new NumberedConnection(this, quota, this.#random.chance(0.5));
      const fault = await connection.run(this.#load.host, this.#load.port);
      if (fault !== '' && this.faults.length < 10) this.faults.push(fault);
    }
  }

  /** Numbers for a connection to send at once. */
  take(quota: number): number[] {
    const count = Math.min(
      quota,
      this.#random.integer(1, IN_FLIGHT_MAX),
      this.#load.count - this.#next,
    );
    const numbers = Array.from({ length: count }, (_, i) => this.#next + i);
    this.#next += count;
    return numbers;
  }
}

class NumberedConnection {
  readonly #run: NumberedRun;
  readonly #saysClose: boolean;
  #quota: number;
  #socket: Socket | null = null;
  /** Sent and not answered, in order. */
  #pending: number[] = [];
  #bytes: Buffer = Buffer.allocUnsafe(BUFFER_BYTES_MIN);
  #length = 0;

  constructor(run: NumberedRun, quota: number, saysClose: boolean) {
    this.#run = run;
    this.#quota = quota;
    this.#saysClose = saysClose;
  }

  /** Resolves with what went wrong, or '' once the quota is used up and all is answered. */
  run(host: string, port: number): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect({ host, port, noDelay: true });
      this.#socket = socket;
      const finish = (fault: string): void => {
        const lost = this.#pending.length > 0 ? ` (unanswered: ${this.#pending})` : '';
        resolve(fault === '' ? '' : `${fault}${lost}`);
        socket.destroy();
      };
      socket.setTimeout(SILENCE_MS_MAX, () => finish('no answer came'));
      socket.on('error', (error) => finish(`the connection failed: ${error.message}`));
      socket.on('close', () => finish('the connection was closed'));
      socket.on('data', (chunk: Buffer) => {
        const fault = this.#receive(chunk);
        if (fault !== '') finish(fault);
        else if (this.#pending.length === 0 && !this.#send()) finish('');
      });
      if (!this.#send()) finish('');
    });
  }

  /** Sends a few requests at once; false where none is left. */
  #send(): boolean {
    const numbers = this.#run.take(this.#quota);
    this.#quota -= numbers.length;
    this.#pending = numbers;
    const encoded = numbers.map((number, index) => {
      const isLast = this.#quota === 0 && index === numbers.length - 1;
      return encodeNumberedRequest(number, isLast && this.#saysClose);
    });
    if (encoded.length > 0) this.#socket!.write(Buffer.concat(encoded));
    return numbers.length > 0;
  }

  /** Takes the whole answers out of what has come; returns what is wrong with one. */
  #receive(chunk: Buffer): string {
    this.#append(chunk);
    const bytes = this.#bytes.subarray(0, this.#length);
    let at = 0;
    while (at < bytes.length) {
      const number = this.#pending[0];
      if (number === undefined) return 'bytes that no request has asked for';
      let answer: WireMessage | null;
      try {
        answer = readResponse(bytes, at, numberedRequest(number).method, false);
      } catch (error) {
        return `${number} was answered with what is no answer: ${error}`;
      }
      if (answer === null || !answer.isComplete) break;
      const fault = checkAnswer(number, answer);
      if (fault !== '') return fault;
      this.#run.answered++;
      this.#pending.shift();
      at = answer.end;
    }
    this.#bytes.copyWithin(0, at, this.#length);
    this.#length -= at;
    return '';
  }

  #append(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(2 * length);
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    chunk.copy(this.#bytes, this.#length);
    this.#length = length;
  }
}

function checkAnswer(number: number, answer: WireMessage): string {
  const wanted = numberedResponse(number);
  const got = fieldValue(answer.fields, NUMBER_FIELD);
  if (got !== String(number)) return `${number} got the answer of ${got}`;
  if (answer.status !== wanted.status) return `${number} was answered ${answer.startLine}`;
  const body = numberedRequest(number).method === 'HEAD' ? '' : wanted.body;
  if (!answer.body.equals(Buffer.from(body))) return `the answer of ${number} has another body`;
  return '';
}
