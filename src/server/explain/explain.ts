// What becomes of a request under a configuration, without a socket and without running middleware:
// the codec, the route table and the forwarding rules are those that serve;
// routing/explain_routes.ts says in words why the others lost.

import { compileAddressRanges } from '../../base/address_ranges.ts';
import { Arena } from '../../base/arena.ts';
import { assert } from '../../base/assert.ts';
import { HEAD_ADDITIONS_BYTES_MAX, TARGET_BYTES_MAX } from '../../base/limits.ts';
import type { EffectiveNode } from '../../config/effective_node.ts';
import type { SettingPlaces } from '../../config/setting_places.ts';
import type { Snapshot, SnapshotListener, Source } from '../../config/snapshot.ts';
import { unsafePathsOf } from '../../config/unsafe_paths.ts';
import type { ClientConnectionInfo } from '../../http/exchange_contract.ts';
import { ExchangeError } from '../../http/exchange_error.ts';
import { Framing } from '../../http/message_head.ts';
import { Method } from '../../http/methods.ts';
import type { MiddlewareUse } from '../../middleware/middleware_use.ts';
import { renderTemplate } from '../../middleware/template.ts';
import { ClientOrigin } from '../../proxy/client_origin.ts';
import { CompiledRoute, routeKind } from '../../proxy/compiled_route.ts';
import { isFinalRecipient, isForServer } from '../../proxy/final_recipient.ts';
import { Forwarding, ForwardingPlan } from '../../proxy/forwarding.ts';
import type { RouteOptions } from '../../proxy/options.ts';
import { RequestIds } from '../../proxy/request_id.ts';
import { RequestTexts } from '../../proxy/request_texts.ts';
import { ScratchWriter } from '../../proxy/scratch_writer.ts';
import { Via, ViaMemory } from '../../proxy/via.ts';
import { explainRoutes } from '../../routing/explain_routes.ts';
import { RouteMatch, RouteTable } from '../../routing/route_table.ts';
import { answerOfError, answerOfRoute, answerOfServer } from './explain_answer.ts';
import { explainForwarding } from './explain_forwarding.ts';
import { explainSettings } from './explain_settings.ts';
import { ExplainedHead } from './explained_head.ts';
import type {
  ExplainedAnswer,
  ExplainedForwarding,
  ExplainedMiddleware,
  ExplainedVerdict,
  ExplainQuestion,
  Explanation,
} from './explanation.ts';
import { makeQuestionHead, type QuestionHead } from './question_head.ts';

const ARENA_BYTES: number = 4 * 65_536;

/** A configuration as `loadConfig` gives it where `wantsEffective` is set. */
export interface ExplainableConfig {
  readonly snapshot: Snapshot;
  readonly effective: EffectiveNode;
  readonly settingPlaces: SettingPlaces;
}

/** Throws ZP_EXPLAIN where the question is about no request. */
export function explain(config: ExplainableConfig, question: ExplainQuestion): Explanation {
  const { snapshot } = config;
  const asked = makeQuestionHead(question);
  const listener = listenerFor(snapshot, asked.port);
  const explainer = new Explainer(snapshot, question, asked, listener);
  const found = explainer.explain();
  const settings = explainSettings(config.effective, config.settingPlaces, {
    listenerIndex: snapshot.listeners.indexOf(listener),
    routeIndex: explainer.routeIndex,
    upstreams: found.forward?.upstreams.map(({ name }) => name) ?? [],
  });
  return { listener: listener.address, ...found, settings };
}

type Found = Omit<Explanation, 'settings' | 'listener'>;

/** The listener at that port, the first where none is. */
function listenerFor(snapshot: Snapshot, port: number): SnapshotListener {
  const found = snapshot.listeners.find(
    ({ listen }) => listen.kind === 'tcp' && listen.port === port,
  );
  return found ?? snapshot.listeners[0]!;
}

/** What is worked on for a route that was found. */
export interface ExplainParts {
  readonly snapshot: Snapshot;
  readonly request: ExplainedHead;
  readonly route: CompiledRoute;
  readonly forwarding: Forwarding;
  readonly plan: ForwardingPlan;
  readonly connection: ClientConnectionInfo;
  readonly targetScratch: ScratchWriter;
  readonly texts: RequestTexts;
  readonly bytes: Uint8Array;
}

class Explainer {
  readonly #snapshot: Snapshot;
  readonly #asked: QuestionHead;
  readonly #arena = new Arena(ARENA_BYTES);
  readonly #request: ExplainedHead;
  /** What the codec refuses it with. */
  readonly #error: ExchangeError;
  readonly #connection: ClientConnectionInfo;
  readonly #origin: ClientOrigin;
  readonly #table: RouteTable;
  readonly #match = new RouteMatch();
  /** Of the route that was found; -1 for none. */
  routeIndex = -1;

  constructor(
    snapshot: Snapshot,
    question: ExplainQuestion,
    asked: QuestionHead,
    listener: SnapshotListener,
  ) {
    this.#snapshot = snapshot;
    this.#asked = asked;
    const { mergeSlashes, trustedProxies } = snapshot.proxy;
    const { limits, allowUnderscores } = listener;
    this.#request = new ExplainedHead(this.#arena, { limits, allowUnderscores, mergeSlashes });
    this.#error = this.#request.read(asked.bytes);
    const isTrusted = compileAddressRanges(trustedProxies);
    this.#connection = {
      remoteHost: question.from,
      remotePort: 0,
      localHost: listener.listen.host,
      localPort: listener.listen.port,
      scheme: asked.scheme,
      isTrusted: isTrusted(question.from),
    };
    this.#origin = new ClientOrigin(this.#arena.bytes);
    this.#table = new RouteTable(snapshot.routeTable);
    if (this.#error === ExchangeError.NONE) {
      this.#origin.begin(this.#request.head, this.#connection, isTrusted);
    }
  }

  explain(): Found {
    const request = this.#request;
    const notes = [...this.#asked.notes, ...request.notes];
    if (this.#error !== ExchangeError.NONE) {
      return this.#refusedByCodec(notes, this.#error);
    }
    const { routes, proxy } = this.#snapshot;
    const index = this.#findRoute();
    this.routeIndex = index;
    const options = index < 0 ? null : routes[index]!;
    const parts = { ...this.#describeRequest(notes), verdicts: this.#verdicts(index) };
    const acted = this.#act(options);
    const everywhere = acted.runsMiddleware ? proxy.middleware : [];
    const own = acted.runsMiddleware ? (options?.middleware ?? []) : [];
    return {
      ...parts,
      route: options === null ? null : { name: options.name, source: options.source as Source },
      params: index < 0 ? {} : this.#params(),
      middleware: [
        ...everywhere.map((use) => describeUse(use, 'all routes')),
        ...own.map((use) => describeUse(use, 'this route')),
      ],
      answer: acted.answer,
      forward: acted.forward,
    };
  }

  #findRoute(): number {
    const { head } = this.#request;
    const { bytes } = this.#arena;
    if (head.method === Method.CONNECT || isForServer(bytes, head)) return -1;
    return this.#table.match(bytes, head, this.#origin, this.#match);
  }

  #verdicts(chosen: number): ExplainedVerdict[] {
    const { routes } = this.#snapshot;
    const request = this.#request;
    if (request.head.method === Method.CONNECT) return [];
    const verdicts = explainRoutes(
      routes.map(({ conditions }) => conditions),
      {
        method: request.method,
        host: request.host,
        path: request.path,
        query: request.query,
        headers: request.fields(),
        clientHost: this.#origin.clientHost(),
        scheme: this.#origin.scheme,
      },
    );
    const told = verdicts.find(({ outcome }) => outcome === 'chosen')?.routeIndex ?? -1;
    assert(told === chosen, 'the explanation chooses what the route table does');
    return verdicts.map(({ routeIndex, outcome, reason }) => {
      const { name, source } = routes[routeIndex]!;
      return { name, source: source as Source, outcome, reason };
    });
  }

  #params(): Record<string, string> {
    const { entryIndex, params } = this.#match;
    const names = this.#table.paramNames(entryIndex);
    return Object.fromEntries(
      names.map((name, i) => [name, this.#request.text(params[i * 2]!, params[i * 2 + 1]!)]),
    );
  }

  /** What is done, in the order in which an exchange does it. */
  #act(options: RouteOptions | null): Act {
    const { head } = this.#request;
    const { bytes } = this.#arena;
    const { proxy } = this.#snapshot;
    const scratch = new ScratchWriter(this.#arena, HEAD_ADDITIONS_BYTES_MAX);
    const ids = new RequestIds();
    const via = new Via(this.#arena, proxy.viaPseudonym, new ViaMemory(this.#arena).take());
    const forwarding = new Forwarding(this.#arena, proxy, via, scratch, ids);
    const plan = new ForwardingPlan();
    plan.receive(head);
    const refusal = this.#refuse(options, forwarding, plan);
    if (refusal !== null) return { runsMiddleware: false, answer: refusal, forward: null };
    if (options === null) return answerAfter(this.#unmatched());
    const route = new CompiledRoute(options, routeKind(options.action), null, false);
    const texts = new RequestTexts(bytes, this.#origin, ids);
    texts.begin(head, options.name, this.#table, this.#match, plan.requestNumber);
    const { action } = options;
    if (action.kind === 'redirect') {
      return answerAfter(answerOfRoute(action, renderTemplate(route.location!, texts)));
    }
    if (action.kind === 'respond') return answerAfter(answerOfRoute(action, ''));
    const forward = explainForwarding({
      snapshot: this.#snapshot,
      request: this.#request,
      route,
      forwarding,
      plan,
      connection: this.#connection,
      targetScratch: new ScratchWriter(this.#arena, TARGET_BYTES_MAX),
      texts,
      bytes,
    });
    if (typeof forward === 'number') return answerAfter(answerOfError(forward));
    return { runsMiddleware: true, answer: null, forward };
  }

  /** What is answered before any middleware runs; null where it does. */
  #refuse(
    options: RouteOptions | null,
    forwarding: Forwarding,
    plan: ForwardingPlan,
  ): ExplainedAnswer | null {
    const { head } = this.#request;
    const error = forwarding.admit(head, this.#connection, plan);
    if (error !== ExchangeError.NONE) return answerOfError(error);
    const doubts = head.pathDoubts & ~(options?.pathDoubtsAllowed ?? 0);
    if (doubts !== 0) {
      const names = unsafePathsOf(doubts).map((name) => `'${name}'`);
      const remedy = `a route allows it with unsafePaths: [${names.join(', ')}]`;
      return answerOfError(ExchangeError.REQUEST_PATH_REFUSED, [], remedy);
    }
    if (head.method === Method.CONNECT) return answerOfError(ExchangeError.METHOD_NOT_ALLOWED);
    const limit = options?.requestBodyBytesMax ?? Number.POSITIVE_INFINITY;
    if (head.framing === Framing.LENGTH && head.contentLength > limit) {
      return answerOfError(ExchangeError.REQUEST_BODY_TOO_LARGE);
    }
    return isFinalRecipient(this.#arena.bytes, head, plan.maxForwards) ? answerOfServer() : null;
  }

  #unmatched(): ExplainedAnswer {
    const allow = this.#table.allowedMethods(this.#arena.bytes, this.#request.head, this.#origin);
    return allow === ''
      ? answerOfError(ExchangeError.ROUTE_NOT_FOUND)
      : answerOfError(ExchangeError.METHOD_NOT_ALLOWED, [['Allow', allow]]);
  }

  #describeRequest(notes: readonly string[]): Pick<Explanation, 'request' | 'notes'> {
    const { method, host, path, query } = this.#request;
    const { scheme } = this.#origin;
    const clientIp = this.#origin.clientHost();
    return { request: { method, host, path, query, scheme, clientIp }, notes };
  }

  #refusedByCodec(notes: readonly string[], error: ExchangeError): Found {
    const { remoteHost, scheme } = this.#connection;
    return {
      request: { method: '', host: '', path: '', query: '', scheme, clientIp: remoteHost },
      notes,
      verdicts: [],
      route: null,
      params: {},
      middleware: [],
      answer: answerOfError(error),
      forward: null,
    };
  }
}

/** What is done, and whether middleware runs before. */
interface Act {
  readonly runsMiddleware: boolean;
  readonly answer: ExplainedAnswer | null;
  readonly forward: ExplainedForwarding | null;
}

/** An answer that middleware comes before. */
function answerAfter(answer: ExplainedAnswer): Act {
  return { runsMiddleware: true, answer, forward: null };
}

function describeUse(use: MiddlewareUse, scope: ExplainedMiddleware['scope']): ExplainedMiddleware {
  return { name: use.name, module: use.module, scope, source: use.source as Source };
}
