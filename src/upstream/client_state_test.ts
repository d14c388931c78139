import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { AssertionError } from '../base/assert.ts';
import { ClientState } from './client_state.ts';

// Every event against every state that can be reached, by their names. A state is written as
// `response/request`, with a T behind it once there is a tunnel. What the table does not list
// must assert.

type Event = keyof typeof EVENTS;

const EVENTS = {
  connect: (state: ClientState) => state.onConnect(),
  connected: (state: ClientState) => state.onConnected(),
  acquire: (state: ClientState) => state.onAcquire(),
  head: (state: ClientState) => state.onHeadWritten(true),
  wholeHead: (state: ClientState) => state.onHeadWritten(false),
  requestEnd: (state: ClientState) => state.onRequestEnd(),
  sent: (state: ClientState) => state.onRequestSent(),
  sendFailed: (state: ClientState) => state.onSendFailed(),
  byte: (state: ClientState) => state.onResponseByte(),
  interim: (state: ClientState) => state.onInterimResponse(),
  body: (state: ClientState) => state.onResponseBody(),
  switch: (state: ClientState) => state.onSwitch(),
  responseEnd: (state: ClientState) => state.onResponseEnd(),
  return: (state: ClientState) => state.onReturn(),
  close: (state: ClientState) => state.onClose(),
  closed: (state: ClientState) => state.onClosed(),
} as const;

const RESPONSES = [
  'CLOSED',
  'CONNECTING',
  'IDLE',
  'AWAITING',
  'HEAD',
  'BODY',
  'TUNNEL',
  'ENDED',
  'CLOSING',
];

/** The response side: event -> from -> to. */
const RESPONSE_MOVES: Partial<Record<Event, Readonly<Record<string, string>>>> = {
  connect: { CLOSED: 'CONNECTING' },
  connected: { CONNECTING: 'AWAITING' },
  acquire: { IDLE: 'AWAITING' },
  byte: { AWAITING: 'HEAD' },
  interim: { HEAD: 'AWAITING' },
  body: { HEAD: 'BODY' },
  switch: { HEAD: 'TUNNEL' },
  responseEnd: { HEAD: 'ENDED', BODY: 'ENDED', TUNNEL: 'ENDED' },
  return: { ENDED: 'IDLE' },
  close: {
    CONNECTING: 'CLOSING',
    IDLE: 'CLOSING',
    AWAITING: 'CLOSING',
    HEAD: 'CLOSING',
    BODY: 'CLOSING',
    TUNNEL: 'CLOSING',
    ENDED: 'CLOSING',
  },
  closed: { CLOSING: 'CLOSED' },
};

/** The request side: event -> from -> to. */
const REQUEST_MOVES: Partial<Record<Event, Readonly<Record<string, string>>>> = {
  head: { NONE: 'OPEN' },
  wholeHead: { NONE: 'WRITTEN' },
  requestEnd: { OPEN: 'WRITTEN', BROKEN: 'BROKEN_WRITTEN' },
  sent: { WRITTEN: 'SENT' },
  sendFailed: { OPEN: 'BROKEN', WRITTEN: 'BROKEN_WRITTEN' },
  switch: { WRITTEN: 'OPEN', SENT: 'OPEN' },
  return: { SENT: 'NONE' },
};

interface Model {
  readonly response: string;
  readonly request: string;
  readonly isTunnel: boolean;
}

/** Where the event leads by the tables; null where it must assert. */
function expected(from: Model, event: Event): Model | null {
  const responseMoves = RESPONSE_MOVES[event];
  const requestMoves = REQUEST_MOVES[event];
  const response = responseMoves === undefined ? from.response : responseMoves[from.response];
  const request = requestMoves === undefined ? from.request : requestMoves[from.request];
  if (response === undefined || request === undefined) return null;
  const isHead = event === 'head' || event === 'wholeHead';
  if (isHead && !['CONNECTING', 'AWAITING'].includes(response)) return null;
  if (event === 'return' && from.isTunnel) return null;
  if (event === 'connect' || event === 'closed' || event === 'acquire') {
    return { response, request: 'NONE', isTunnel: false };
  }
  return { response, request, isTunnel: from.isTunnel || event === 'switch' };
}

function replay(path: readonly Event[]): ClientState {
  const state = new ClientState();
  for (const event of path) EVENTS[event](state);
  return state;
}

/** What the questions answer, by the model. */
function checkQuestions(state: ClientState, model: Model): void {
  const name = nameOf(model);
  const isWritten = ['WRITTEN', 'SENT', 'BROKEN_WRITTEN'].includes(model.request);
  const isBroken = model.request.startsWith('BROKEN');
  const isSettled =
    model.response === 'ENDED' && ['SENT', 'BROKEN_WRITTEN'].includes(model.request);
  assert.equal(RESPONSES[state.response], model.response, name);
  assert.equal(state.isRequestOpen, model.request === 'OPEN', name);
  assert.equal(state.isRequestWritten, isWritten, name);
  assert.equal(state.isRequestFinishing, model.request === 'WRITTEN', name);
  assert.equal(state.isRequestSent, model.request === 'SENT', name);
  assert.equal(state.isBroken, isBroken, name);
  assert.equal(state.isTunnel, model.isTunnel, name);
  assert.equal(state.isOpen, !['CLOSED', 'CLOSING'].includes(model.response), name);
  assert.equal(state.isReading, ['BODY', 'TUNNEL'].includes(model.response), name);
  assert.equal(state.canSwitch, isWritten && !isBroken, name);
  assert.equal(state.isSettled, isSettled, name);
}

function nameOf(model: Model): string {
  return `${model.response}/${model.request}${model.isTunnel ? 'T' : ''}`;
}

test('ClientState takes each event in its states and asserts in all others', () => {
  const start: Model = { response: 'CLOSED', request: 'NONE', isTunnel: false };
  const paths = new Map<string, { readonly model: Model; readonly path: readonly Event[] }>();
  paths.set(nameOf(start), { model: start, path: [] });
  const names = Object.keys(EVENTS) as Event[];
  for (const { model, path } of paths.values()) {
    checkQuestions(replay(path), model);
    for (const event of names) {
      const state = replay(path);
      const next = expected(model, event);
      const what = `${event} in ${nameOf(model)}`;
      if (next === null) {
        assert.throws(() => EVENTS[event](state), AssertionError, what);
        continue;
      }
      EVENTS[event](state);
      assert.equal(RESPONSES[state.response], next.response, what);
      const known = paths.get(nameOf(next));
      if (known === undefined) paths.set(nameOf(next), { model: next, path: [...path, event] });
    }
  }
  assert.ok(paths.size > 50, `${paths.size} states are reached`);
});
