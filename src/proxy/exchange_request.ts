// The request of an exchange on its way up: its route, its upstream, and what is changed about it
// for each try. Knows nothing of states; the exchange asks it in order: `begin`, then (once
// middleware is done) `chooseUpstream`, then `writeHead` for each try.

import type { ClientStream, ServerStream } from '../http/exchange_contract.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import { RouteMatch } from '../routing/route_match.ts';
import { admit, findRoute } from './admission.ts';
import type { ClientOrigin } from './client_origin.ts';
import type { CompiledRoute } from './compiled_route.ts';
import type { ExchangeContext, ExchangeUpstream } from './exchange_context.ts';
import { ExchangeHooks, type HooksOwner } from './exchange_hooks.ts';
import { ForwardingPlan } from './forwarding.ts';
import type { Mirror } from './mirror.ts';
import { MirrorSet } from './mirror_set.ts';
import type { ProxyState } from './proxy_state.ts';
import type { RequestTexts } from './request_texts.ts';
import { selectUpgrade } from './upgrade_token.ts';

export class ExchangeRequest {
  readonly plan: ForwardingPlan = new ForwardingPlan();
  readonly match: RouteMatch = new RouteMatch();
  readonly mirrors: MirrorSet = new MirrorSet();
  route: CompiledRoute | null = null;
  upstream: ExchangeUpstream | null = null;
  readonly #context: ExchangeContext;
  #snapshot: ProxyState | null = null;
  #stream: ServerStream | null = null;

  constructor(context: ExchangeContext) {
    this.#context = context;
  }

  /** Routes and checks; anything but NONE is what the request is refused with. */
  begin(stream: ServerStream, snapshot: ProxyState): ExchangeError {
    this.#stream = stream;
    this.#snapshot = snapshot;
    const route = findRoute(this.#context, snapshot, stream, this.match);
    this.route = route;
    this.plan.receive(stream.head);
    return admit(snapshot, route, stream, this.plan);
  }

  /** Begins the middleware of a route that has some. */
  beginHooks(owner: HooksOwner): ExchangeHooks {
    return new ExchangeHooks(this.#context, this.#snapshot!, this.#stream!, this, owner);
  }

  /** The exchange is over. */
  end(): void {
    if (!this.mirrors.isEmpty) this.mirrors.clear();
    this.route = null;
    this.upstream = null;
    this.#snapshot = null;
    this.#stream = null;
  }

  /** Methods for the `Allow` of a request that no route matches; '' where it is not the method. */
  allowedMethods(): string {
    this.pointOrigin();
    const { bytes, origin } = this.#context;
    return this.#snapshot!.table.allowedMethods(bytes, this.#stream!.head, origin);
  }

  /** This request for the templates of its route, until another one is asked for. */
  texts(): RequestTexts {
    this.pointOrigin();
    const { texts } = this.#context;
    const { table } = this.#snapshot!;
    texts.begin(this.#stream!.head, this.route!.name, table, this.match, this.plan.requestNumber);
    return texts;
  }

  /** Sets `upstream`, of a route that forwards. Anything but NONE is what it is refused with. */
  chooseUpstream(hooks: ExchangeHooks | null): ExchangeError {
    const { bytes, targetScratch } = this.#context;
    const { head } = this.#stream!;
    const { upgrades, upstreamIndex, split, rewrite } = this.route!;
    const snapshot = this.#snapshot!;
    selectUpgrade(bytes, head, upgrades);
    let index = upstreamIndex;
    if (hooks !== null) {
      snapshot.forwarding.replan(head, this.plan);
      const chosen = hooks.upstreamIndex;
      if (chosen >= 0) index = chosen;
    }
    if (index < 0) index = split!.choose(bytes, head, Math.random());
    this.upstream = snapshot.upstreams[index]!;
    if (rewrite === null) return ExchangeError.NONE;
    // Tried before anything is opened, and done again at each try to send.
    const error = rewrite.apply(head, targetScratch, this.texts());
    this.plan.restore(head);
    return error;
  }

  /** Addresses the head to `client`'s endpoint and sends it. */
  writeHead(client: ClientStream): void {
    const { hostHeader } = this.upstream!.options;
    this.#address(client, hostHeader);
    client.writeHead(this.#stream!.head);
    this.plan.restore(this.#stream!.head);
  }

  /** Begins the route's mirrors: with the head now, and with the body as it is read. */
  sendMirrors(hasBody: boolean): void {
    const { head } = this.#stream!;
    if (head.upgradeStart !== head.upgradeEnd) return; // a tunnel has no copy
    const { mirrors } = this.route!;
    for (let i = 0; i < mirrors.length; i++) {
      const { upstreamIndex, percent } = mirrors[i]!;
      if (percent < 100 && Math.random() * 100 >= percent) continue;
      const upstream = this.#snapshot!.upstreams[upstreamIndex]!;
      const mirror: Mirror = this.#context.mirrors.acquire();
      const client = mirror.begin(upstream);
      if (client === null) continue;
      this.#address(client, upstream.options.hostHeader);
      mirror.send(head, hasBody);
      this.plan.restore(head);
      this.mirrors.add(mirror);
    }
  }

  #address(client: ClientStream, hostHeader: ExchangeUpstream['options']['hostHeader']): void {
    const { head, connection } = this.#stream!;
    const { forwarding } = this.#snapshot!;
    const { rewrite } = this.route!;
    forwarding.address(head, connection, this.plan, hostHeader, client.endpointAuthority);
    if (rewrite !== null) rewrite.apply(head, this.#context.targetScratch, this.texts());
  }

  /** Where this request came from, until another one is asked for. */
  pointOrigin(): ClientOrigin {
    const { origin } = this.#context;
    const { head, connection } = this.#stream!;
    origin.begin(head, connection, this.#snapshot!.isTrusted);
    return origin;
  }
}
