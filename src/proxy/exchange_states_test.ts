// The table of the exchange's states: every state against every event. A cell is the state that
// follows, or REFUSED where the event breaks the contract and must not go unnoticed.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { hooksUse } from '../../tests/support/hooks_use.ts';
import { ScriptedProxy, type ScriptedRequest } from '../../tests/support/scripted_proxy.ts';
import { AssertionError } from '../base/assert.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import { HookOutcome } from '../middleware/hook_outcome.ts';
import { ExchangeState } from './exchange_state.ts';

const REFUSED = 'refused';
type StateName = keyof typeof ExchangeState;
type Outcome = StateName | typeof REFUSED;

interface Scene {
  readonly world: ScriptedProxy;
  readonly request: ScriptedRequest;
}

const POST = ['POST /a HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked'];
const OK = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const UPGRADE = ['GET /a HTTP/1.1', 'Host: h', 'Connection: Upgrade', 'Upgrade: websocket'];
const SWITCH = 'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

/** How each state is reached. */
const SCENES: Record<string, () => Scene> = {
  free: () => {
    const scene = begin(['GET /a HTTP/1.1', 'Host: h']);
    scene.request.exchange.onRequestAborted(ExchangeError.CLIENT_CLOSED);
    return scene;
  },
  waiting: () => {
    const world = new ScriptedProxy();
    world.upstream.mode = 'wait';
    return { world, request: world.request(POST) };
  },
  requesting: () => begin(POST),
  continuing: () => begin([...POST, 'Expect: 100-continue']),
  responding: () => {
    const scene = begin(POST);
    scene.world.upstream.stream.respond(OK);
    return scene;
  },
  /** The endpoint is done, the client has not taken all of it yet. */
  draining: () => {
    const scene = begin(['GET /a HTTP/1.1', 'Host: h']);
    const { stream } = scene.world.upstream;
    stream.respond(OK);
    stream.deliver('one');
    stream.deliver('two');
    stream.handler.onResponseEnd(null);
    return scene;
  },
  /** Middleware is waited for before anything is asked for upstream. */
  hooking: () => {
    const use = hooksUse({ onRequest: () => new Promise(() => {}) });
    const world = new ScriptedProxy({ route: { middleware: [use] } });
    return { world, request: world.request(POST) };
  },
  /** Middleware is waited for while a response is there. */
  holding: () => {
    const use = hooksUse({ onUpstreamResponse: () => new Promise(() => {}) });
    const world = new ScriptedProxy({ route: { middleware: [use] } });
    const request = world.request(POST);
    world.upstream.stream.respond(OK);
    return { world, request };
  },
  finishing: () => {
    const world = new ScriptedProxy({ route: { paths: ['/b'] } });
    return { world, request: world.request(POST) };
  },
  /** The answer was a head alone, its end has not been told yet. */
  headSent: () => {
    const scene = begin(POST);
    scene.world.upstream.stream.respond('HTTP/1.1 204 No Content\r\n\r\n');
    return scene;
  },
  tunnel: () => {
    const scene = begin(UPGRADE);
    scene.world.upstream.stream.respond(SWITCH);
    return scene;
  },
};

const EVENTS: Record<string, (scene: Scene) => void> = {
  requestBody: ({ world, request }) => {
    const { buffer, start, end } = world.memory.fill('x');
    request.server.readsOpen = 0;
    request.exchange.onRequestBody(buffer, start, end, false);
  },
  requestEnd: ({ request }) => request.exchange.onRequestEnd(null),
  requestAborted: ({ request }) => request.exchange.onRequestAborted(ExchangeError.CLIENT_CLOSED),
  responseWritable: ({ request }) => request.exchange.onResponseWritable(),
  responseSent: ({ request }) => request.exchange.onResponseSent(),
  interim: (scene) => respond(scene, 'HTTP/1.1 103 Early Hints\r\n\r\n'),
  responseHead: (scene) => respond(scene, OK),
  responseBody: ({ world, request }) => {
    const { buffer, start, end } = world.memory.fill('x');
    for (const stream of world.upstream.streams) stream.readsOpen = 0;
    request.exchange.onResponseBody(buffer, start, end, false);
  },
  responseEnd: ({ request }) => request.exchange.onResponseEnd(null),
  requestWritable: ({ request }) => request.exchange.onRequestWritable(),
  upstreamError: ({ request }) => request.exchange.onUpstreamError(ExchangeError.UPSTREAM_RESET),
  streamReady: ({ world, request }) => {
    world.upstream.waiters.length = 0;
    request.exchange.onStreamReady(world.upstream.makeStream(request.exchange));
  },
  streamUnavailable: ({ world, request }) => {
    world.upstream.waiters.length = 0;
    request.exchange.onStreamUnavailable(ExchangeError.CONNECTION_LIMIT);
  },
  hooksResumed: ({ request }) => request.exchange.onHooksResumed(HookOutcome.DONE),
  continueOverdue: ({ request }) => request.exchange.onContinueOverdue(),
};

// What is missing from a row is refused.
const TABLE: Record<string, Partial<Record<string, StateName>>> = {
  free: {},
  waiting: {
    requestEnd: 'WAITING',
    requestAborted: 'FREE',
    responseWritable: 'WAITING',
    streamReady: 'REQUESTING',
    streamUnavailable: 'FINISHING',
  },
  hooking: {
    requestEnd: 'HOOKING',
    requestAborted: 'FREE',
    responseWritable: 'HOOKING',
    hooksResumed: 'REQUESTING',
  },
  holding: {
    requestBody: 'HOLDING',
    requestEnd: 'HOLDING',
    requestAborted: 'FREE',
    responseWritable: 'HOLDING',
    responseEnd: 'HOLDING',
    requestWritable: 'HOLDING',
    upstreamError: 'FINISHING',
  },
  requesting: {
    requestBody: 'REQUESTING',
    requestEnd: 'REQUESTING',
    requestAborted: 'FREE',
    responseWritable: 'REQUESTING',
    interim: 'REQUESTING',
    responseHead: 'RESPONDING',
    requestWritable: 'REQUESTING',
    upstreamError: 'FINISHING',
  },
  continuing: {
    requestEnd: 'REQUESTING',
    requestAborted: 'FREE',
    responseWritable: 'REQUESTING',
    interim: 'REQUESTING',
    responseHead: 'RESPONDING',
    requestWritable: 'REQUESTING',
    upstreamError: 'FINISHING',
    continueOverdue: 'REQUESTING',
  },
  responding: {
    requestBody: 'RESPONDING',
    requestEnd: 'RESPONDING',
    requestAborted: 'FREE',
    responseWritable: 'RESPONDING',
    responseSent: 'FREE',
    responseBody: 'RESPONDING',
    responseEnd: 'FINISHING',
    requestWritable: 'RESPONDING',
    upstreamError: 'FREE',
  },
  draining: {
    requestBody: 'RESPONDING',
    requestEnd: 'RESPONDING',
    requestAborted: 'FREE',
    responseWritable: 'FINISHING',
    responseSent: 'FREE',
  },
  finishing: {
    requestBody: 'FINISHING',
    requestEnd: 'FINISHING',
    requestAborted: 'FREE',
    responseWritable: 'FINISHING',
    responseSent: 'FREE',
  },
  headSent: {
    requestBody: 'FINISHING',
    requestEnd: 'FINISHING',
    requestAborted: 'FREE',
    responseWritable: 'FINISHING',
    responseSent: 'FREE',
    responseEnd: 'FINISHING',
    requestWritable: 'FINISHING',
    upstreamError: 'FINISHING',
  },
  tunnel: {
    requestBody: 'TUNNEL',
    requestEnd: 'TUNNEL',
    requestAborted: 'FREE',
    responseWritable: 'TUNNEL',
    responseSent: 'FREE',
    responseBody: 'TUNNEL',
    responseEnd: 'TUNNEL',
    requestWritable: 'TUNNEL',
    upstreamError: 'FREE',
  },
};

describe('Exchange', () => {
  for (const [state, reach] of Object.entries(SCENES)) {
    for (const [event, fire] of Object.entries(EVENTS)) {
      // Comes from a run that is over: exchange_hooks_test.ts.
      if (state === 'holding' && event === 'hooksResumed') continue;
      const wanted: Outcome = TABLE[state]![event] ?? REFUSED;
      it(`${state}: ${event} leads to ${wanted}`, () => {
        const scene = reach();
        assert.equal(outcomeOf(scene, fire), wanted);
        if (wanted === REFUSED) return;
        if (scene.request.exchange.state !== ExchangeState.FREE) {
          scene.request.exchange.onRequestAborted(ExchangeError.CLIENT_CLOSED);
        }
        scene.world.assertClean();
      });
    }
  }
});

function begin(lines: readonly string[]): Scene {
  const world = new ScriptedProxy();
  return { world, request: world.request(lines) };
}

/** The endpoint says something, whether there still is one or not. */
function respond(scene: Scene, text: string): void {
  const { upstream } = scene.world;
  if (upstream.streams.length === 0) upstream.makeStream(scene.request.exchange);
  upstream.stream.respond(text);
}

function outcomeOf(scene: Scene, fire: (scene: Scene) => void): Outcome {
  try {
    fire(scene);
  } catch (error) {
    if (error instanceof AssertionError) return REFUSED;
    throw error;
  }
  const { state } = scene.request.exchange;
  const names = Object.keys(ExchangeState) as StateName[];
  return names.find((name) => ExchangeState[name] === state)!;
}
