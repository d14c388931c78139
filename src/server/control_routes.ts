// What there is to ask on the control socket, and how it is answered. Bodies are JSON but for the
// metrics; errors are `{ "error": "a sentence" }`.
//
//   GET  /status         200 StatusReport
//   GET  /metrics        200 in Prometheus' text format
//   POST /reload         200 { changed, configHash, changes, workersReplaced }: it serves now
//                        422 { error, errors }: refused, nothing has changed
//   POST /drain          202 { state }: begins a drain, as TERM does
//   POST /logs/reopen    204: as USR1 does
//   POST /upgrade        202 { state }, for { launcher? }: becomes that version, as USR2 does
//                        409 { error }: refused, nothing has changed
//
// Beside these 400 and 413 (the body), 404, 405 and 500 (a mistake of ours).

import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAbsolute } from 'node:path';
import type { ControlActions } from './control_actions.ts';
import { METRICS_TYPE } from './metrics_type.ts';

const BODY_BYTES_MAX: number = 64 * 1024;
const CAUSE = 'a command';

type Body = Readonly<Record<string, unknown>>;

interface Route {
  readonly method: 'GET' | 'POST';
  /** Keys that a body may have. */
  readonly keys: readonly string[];
  answer(response: ServerResponse, actions: ControlActions, body: Body): void | Promise<void>;
}

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/status', { method: 'GET', keys: [], answer: answerStatus }],
  ['/metrics', { method: 'GET', keys: [], answer: answerMetrics }],
  ['/reload', { method: 'POST', keys: [], answer: answerReload }],
  ['/drain', { method: 'POST', keys: [], answer: answerDrain }],
  ['/logs/reopen', { method: 'POST', keys: [], answer: answerReopen }],
  ['/upgrade', { method: 'POST', keys: ['launcher'], answer: answerUpgrade }],
]);

/** Answers one request. Never rejects. */
export async function serveControl(
  request: IncomingMessage,
  response: ServerResponse,
  actions: ControlActions,
): Promise<void> {
  const path = request.url!.replace(/\?.*$/, '');
  const route = ROUTES.get(path);
  if (route === undefined) {
    request.resume();
    answer(response, 404, { error: `there is no ${path}` });
    return;
  }
  if (request.method !== route.method) {
    request.resume();
    response.setHeader('allow', route.method);
    answer(response, 405, { error: `${path} is asked with ${route.method}` });
    return;
  }
  const body = await readBody(request);
  if (body === null) return;
  if (body.length > BODY_BYTES_MAX) {
    answer(response, 413, { error: `the body is longer than ${BODY_BYTES_MAX} bytes` });
    return;
  }
  const fields = parseBody(body, route.keys);
  if (typeof fields === 'string') {
    answer(response, 400, { error: fields });
    return;
  }
  try {
    await route.answer(response, actions, fields);
  } catch (error) {
    // A mistake of ours in what was asked for must not end the process that serves.
    answer(response, 500, { error: (error as Error).message });
  }
}

/**
 * The body, or as much of it as tells that it is too long; what follows is read, but not kept. Null
 * where it broke off: nobody waits for an answer, and half a request is none.
 */
async function readBody(request: IncomingMessage): Promise<string | null> {
  let text = '';
  request.setEncoding('latin1');
  try {
    for await (const chunk of request as AsyncIterable<string>) {
      if (text.length <= BODY_BYTES_MAX) text += chunk;
    }
  } catch {
    return null;
  }
  return Buffer.from(text, 'latin1').toString();
}

/** The fields of a body, none for an empty one; a sentence about what is wrong with it. */
function parseBody(text: string, keys: readonly string[]): Body | string {
  if (text === '') return {};
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    return `the body is not JSON: ${(error as Error).message}`;
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return 'the body must be a JSON object';
  }
  const unknown = Object.keys(body).find((key) => !keys.includes(key));
  if (unknown === undefined) return body as Body;
  const known = keys.length === 0 ? 'none is known here' : `known: ${keys.join(', ')}`;
  return `the body has an unknown key ${JSON.stringify(unknown)}; ${known}`;
}

function answerStatus(response: ServerResponse, actions: ControlActions): void {
  answer(response, 200, actions.status());
}

function answerMetrics(response: ServerResponse, actions: ControlActions): void {
  const text = actions.metrics();
  response.writeHead(200, { 'content-type': METRICS_TYPE, connection: 'close' });
  response.end(text);
}

function answerDrain(response: ServerResponse, actions: ControlActions): void {
  answer(response, 202, { state: 'draining' });
  actions.drain();
}

function answerReopen(response: ServerResponse, actions: ControlActions): void {
  actions.reopenLogs();
  response.writeHead(204, { connection: 'close' }).end();
}

async function answerReload(response: ServerResponse, actions: ControlActions): Promise<void> {
  const outcome = await actions.reload(CAUSE);
  switch (outcome.kind) {
    case 'applied': {
      const { configHash, changes, areWorkersReplaced } = outcome;
      const body = { changed: true, configHash, changes, workersReplaced: areWorkersReplaced };
      answer(response, 200, body);
      return;
    }
    case 'unchanged':
      answer(response, 200, {
        changed: false,
        configHash: outcome.configHash,
        changes: [],
        workersReplaced: false,
      });
      return;
    case 'refused':
      answer(response, 422, { error: outcome.reason, errors: outcome.errors });
      return;
  }
}

async function answerUpgrade(
  response: ServerResponse,
  actions: ControlActions,
  body: Body,
): Promise<void> {
  const launcher = body['launcher'] ?? '';
  if (typeof launcher !== 'string' || (launcher !== '' && !isAbsolute(launcher))) {
    answer(response, 400, { error: '`launcher` must be the absolute path of a bin/zproxy.js' });
    return;
  }
  const outcome = await actions.upgrade(launcher);
  if (outcome.kind === 'refused') {
    answer(response, 409, { error: outcome.reason });
    return;
  }
  // Begun only when the answer is out: the process that would send it becomes another one. If the
  // client has gone, it was asked for and accepted all the same.
  if (response.destroyed) {
    outcome.begin();
    return;
  }
  response.once('close', () => outcome.begin());
  answer(response, 202, { state: 'upgrading' });
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(`${JSON.stringify(body)}\n`);
}
