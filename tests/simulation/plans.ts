// What the clients and upstreams of a simulation will do, drawn from the seed before it begins. A
// plan says what its owner intends; what becomes of it depends on the faults.

import type { Random } from '../support/random.ts';

export const REQUEST_KINDS = ['bodyless', 'head', 'length', 'chunked', 'expect'] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

export const RESPONSE_KINDS = [
  'length', // an ordinary answer with Content-Length
  'chunked',
  'close', // delimited by the end of the connection
  'empty', // 204 or 304
  'interim', // 1xx first
  'early', // before the request's body has arrived
  'earlyClose', // the same, and the connection is closed under the rest of the body
  'dyingReset', // a part of the body, then RST
  'dyingEnd', // a part of a body whose length is known, then FIN
  'dead', // no answer: FIN or RST instead
  'invalid', // bytes that no response may have
  'silent', // never an answer
] as const;
export type ResponseKind = (typeof RESPONSE_KINDS)[number];

/** Responses that a patient client must get whole where nothing goes wrong. */
export const SOUND_RESPONSES: ReadonlySet<ResponseKind> = new Set([
  'length',
  'chunked',
  'close',
  'empty',
  'interim',
  'early',
] satisfies ResponseKind[]);

export const CLIENT_KINDS = ['serial', 'pipelined', 'http10', 'http10KeepAlive'] as const;
export type ClientKind = (typeof CLIENT_KINDS)[number];

export const LEAVINGS = ['patient', 'reset', 'close', 'halfClose', 'slowReader'] as const;
/** How a client behaves beside asking: leaves early, or reads in fits. */
export type Leaving = (typeof LEAVINGS)[number];

export interface ResponsePlan {
  readonly kind: ResponseKind;
  readonly bodyBytes: number;
  /** Of dying answers: body bytes that are still sent. */
  readonly sentBytes: number;
  readonly delayMs: number;
  /** Pieces that the bytes are written in, and the wait between them. */
  readonly pieces: number;
  readonly pieceDelayMs: number;
  /** The connection is closed: by the answer, or some time after it. */
  readonly closes: 'no' | 'announced' | 'silently';
  readonly closeDelayMs: number;
  readonly variant: number;
}

export interface RequestPlan {
  readonly id: string;
  readonly kind: RequestKind;
  readonly method: string;
  readonly bodyBytes: number;
  readonly chunkBytes: number;
  readonly pieces: number;
  readonly pieceDelayMs: number;
  readonly response: ResponsePlan;
}

export interface ClientPlan {
  readonly kind: ClientKind;
  readonly leaving: Leaving;
  /** When it connects, when it leaves or pauses, for how long. */
  readonly startMs: number;
  readonly leaveMs: number;
  readonly pauseMs: number;
  readonly requests: readonly RequestPlan[];
}

/** Body sizes: empty, tiny, around the buffers' sizes, large. */
function drawBytes(random: Random): number {
  const limit = random.pick([0, 10, 500, 4_100, 20_000, 70_000, 250_000]);
  return random.integer(0, limit);
}

function drawResponse(random: Random, request: RequestKind): ResponsePlan {
  const isTrouble = random.chance(0.3);
  let kind: ResponseKind = isTrouble
    ? random.pick(['earlyClose', 'dyingReset', 'dyingEnd', 'dead', 'invalid', 'silent'] as const)
    : random.pick(['length', 'length', 'chunked', 'chunked', 'close', 'empty', 'interim'] as const);
  const hasBody = request === 'length' || request === 'chunked' || request === 'expect';
  if (hasBody && random.chance(0.15)) kind = 'early';
  const bodyBytes = kind === 'empty' ? 0 : drawBytes(random);
  return {
    kind,
    bodyBytes,
    sentBytes: random.integer(0, Math.max(0, bodyBytes - 1)),
    delayMs: random.pick([0, 0, 0, 1, 20, 300]),
    pieces: random.pick([1, 1, 1, 2, 5, 30]),
    pieceDelayMs: random.pick([0, 0, 0, 1, 30]),
    closes: random.pick(['no', 'no', 'no', 'announced', 'silently', 'silently'] as const),
    closeDelayMs: random.pick([0, 0, 1, 5, 50, 500]),
    variant: random.integer(0, 5),
  };
}

function drawRequest(random: Random, id: string, client: ClientKind): RequestPlan {
  const isOld = client === 'http10' || client === 'http10KeepAlive';
  const kinds = isOld ? (['bodyless', 'head', 'length'] as const) : REQUEST_KINDS;
  const kind = random.pick(kinds);
  const method = {
    bodyless: random.pick(['GET', 'GET', 'DELETE', 'POST']),
    head: 'HEAD',
    length: random.pick(['POST', 'PUT']),
    chunked: random.pick(['POST', 'PUT']),
    expect: 'POST',
  }[kind];
  const hasBody = kind !== 'bodyless' && kind !== 'head';
  return {
    id,
    kind,
    method,
    bodyBytes: hasBody ? drawBytes(random) : 0,
    chunkBytes: random.pick([1, 7, 300, 5_000, 66_000]),
    pieces: random.pick([1, 1, 1, 2, 4, 40]),
    pieceDelayMs: random.pick([0, 0, 0, 1, 25]),
    response: drawResponse(random, kind),
  };
}

/** The clients of one run. */
export function drawClients(random: Random, seed: number): ClientPlan[] {
  const clients: ClientPlan[] = [];
  const clientsCount = random.integer(2, 14);
  for (let c = 0; c < clientsCount; c++) {
    const kind = random.pick(CLIENT_KINDS);
    const requests: RequestPlan[] = [];
    const requestsCount = kind === 'http10' ? 1 : random.integer(1, 8);
    for (let r = 0; r < requestsCount; r++) {
      requests.push(drawRequest(random, `s${seed}c${c}r${r}`, kind));
    }
    clients.push({
      kind,
      leaving: random.chance(0.6) ? 'patient' : random.pick(LEAVINGS),
      startMs: random.integer(0, 400),
      leaveMs: random.integer(0, 600),
      pauseMs: random.integer(1, 3_000),
      requests,
    });
  }
  return clients;
}
