// A route as exchanges use it: its options with everything that costs time made once, all objects
// of one shape. A route that only forwards has null in every place that would cost a request
// something.

import { assert } from '../base/assert.ts';
import type { Pipeline } from '../middleware/pipeline.ts';
import { isTemplateError, parseTemplate, type Template } from '../middleware/template.ts';
import type { ErrorPage, MirrorOptions, RouteAction, RouteOptions } from './options.ts';
import { Rewrite } from './rewrite.ts';
import { Split } from './split.ts';

export const RouteKind = { FORWARD: 0, REDIRECT: 1, RESPOND: 2, UNMATCHED: 3 } as const;
export type RouteKind = (typeof RouteKind)[keyof typeof RouteKind];

const NO_MIRRORS: readonly MirrorOptions[] = [];

export class CompiledRoute {
  readonly options: RouteOptions;
  readonly name: string;
  readonly kind: RouteKind;
  readonly upgrades: readonly string[];
  readonly requestBodyBytesMax: number;
  readonly pathDoubtsAllowed: number;
  readonly errorPages: readonly ErrorPage[];
  /** Those of them that stand in for an upstream's answer, too. */
  readonly upstreamPages: readonly ErrorPage[];
  /** Null where no middleware runs. */
  readonly pipeline: Pipeline | null;
  /** Of all requests, or -1 where `split` decides. */
  readonly upstreamIndex: number;
  readonly split: Split | null;
  readonly rewrite: Rewrite | null;
  readonly mirrors: readonly MirrorOptions[];
  /** Of a redirect. */
  readonly location: Template | null;
  /** Responses of the upstream are looked at: by middleware, or to put a page in their place. */
  readonly seesResponses: boolean;

  /** `hasGlobalPages`: there are pages for upstream answers of all routes. */
  constructor(
    options: RouteOptions,
    kind: RouteKind,
    pipeline: Pipeline | null,
    hasGlobalPages: boolean,
  ) {
    const { action } = options;
    const forward = kind === RouteKind.FORWARD && action.kind === 'forward' ? action : null;
    this.options = options;
    this.name = options.name;
    this.kind = kind;
    this.upgrades = options.upgrades;
    this.requestBodyBytesMax = options.requestBodyBytesMax;
    this.pathDoubtsAllowed = options.pathDoubtsAllowed;
    this.errorPages = options.errorPages;
    this.pipeline = pipeline;
    this.split =
      forward !== null && forward.upstreams.length > 1
        ? new Split(forward.upstreams, forward.splitKey)
        : null;
    this.upstreamIndex =
      forward !== null && this.split === null ? forward.upstreams[0]!.upstreamIndex : -1;
    this.rewrite = forward?.rewrite ? new Rewrite(forward.rewrite) : null;
    this.mirrors = forward?.mirrors ?? NO_MIRRORS;
    this.location = action.kind === 'redirect' ? parseLocation(action.location) : null;
    this.upstreamPages = options.errorPages.filter((page) => page.isForUpstream);
    const hasPages = hasGlobalPages || this.upstreamPages.length > 0;
    const hasHooks = pipeline !== null && pipeline.onUpstreamResponse !== null;
    this.seesResponses = forward !== null && (hasPages || hasHooks);
  }
}

/** Of a route's action. */
export function routeKind(action: RouteAction): RouteKind {
  switch (action.kind) {
    case 'forward':
      return RouteKind.FORWARD;
    case 'redirect':
      return RouteKind.REDIRECT;
    default:
      return RouteKind.RESPOND;
  }
}

function parseLocation(text: string): Template {
  const template = parseTemplate(text, 'location');
  assert(!isTemplateError(template), 'the config has checked the template');
  return template;
}
