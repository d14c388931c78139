// Routes of the snapshot: conditions and actions with every default filled in, names resolved to
// indexes, files to their bytes. It cannot fail: what can be wrong was checked.

import { assert } from '../base/assert.ts';
import type { MiddlewareUse } from '../middleware/middleware_use.ts';
import type {
  ErrorPage,
  RewriteOptions,
  RouteAction,
  RouteOptions,
  SplitKey,
} from '../proxy/options.ts';
import type { RouteConditions } from '../routing/route.ts';
import type { ConfigOrigin } from './config_origin.ts';
import type { KeyPath } from './key_path.ts';
import { buildMiddlewareUse } from './middleware_uses.ts';
import { limitReader } from './narrowest.ts';
import { buildAnswerBody, buildErrorPages } from './own_bodies.ts';
import type { OwnFiles } from './own_files.ts';
import type {
  ParsedConfig,
  ParsedErrorPages,
  ParsedMiddleware,
  ParsedRespond,
  ParsedRewrite,
  ParsedRoute,
} from './parsed_config.ts';
import { conditionsOf } from './route_conditions.ts';
import { sourceOf } from './source_of.ts';
import { pathDoubtsOf } from './unsafe_paths.ts';

export const REDIRECT_STATUS_DEFAULT = 308;
export const RESPOND_STATUS_DEFAULT = 200;
export const MIRROR_PERCENT_DEFAULT = 100;
export const UPGRADES_DEFAULT: readonly string[] = Object.freeze(['websocket']);

/** Shared by all routes that have nothing there. */
const NOTHING: readonly never[] = Object.freeze([]);
const NO_SPLIT: SplitKey = Object.freeze({ kind: 'none' });

/** All routes, in the order of the configuration. */
export function buildRoutes(
  config: ParsedConfig,
  origin: ConfigOrigin,
  files: OwnFiles,
): RouteOptions[] {
  const builder = new RouteBuilder(config, origin, files);
  return config.routes.map((route, index) => builder.build(route, index));
}

/** What the log, metrics and `explain` call a route that has no name: `example.com/api/*`. */
function nameOfConditions({ hosts, paths }: RouteConditions): string {
  const host = hosts.length === 0 ? '*' : hosts.join(',');
  return host + (paths.length === 0 ? '/*' : paths.join(','));
}

class RouteBuilder {
  readonly #config: ParsedConfig;
  readonly #origin: ConfigOrigin;
  readonly #files: OwnFiles;
  readonly #upstreamIndexes: ReadonlyMap<string, number>;

  constructor(config: ParsedConfig, origin: ConfigOrigin, files: OwnFiles) {
    this.#config = config;
    this.#origin = origin;
    this.#files = files;
    const names = Object.keys(config.upstreams ?? {});
    this.#upstreamIndexes = new Map(names.map((name, index) => [name, index]));
  }

  build(route: ParsedRoute, index: number): RouteOptions {
    const path = ['routes', index];
    const conditions = conditionsOf(route);
    return {
      name: route.name ?? nameOfConditions(conditions),
      conditions,
      action: this.#buildAction(route, path),
      middleware: this.#buildMiddleware(route.middleware ?? NOTHING, [...path, 'middleware']),
      upgrades: route.upgrades ?? UPGRADES_DEFAULT,
      requestBodyBytesMax: limitReader(this.#config.limits, route.limits)('requestBody'),
      pathDoubtsAllowed: pathDoubtsOf(route.unsafePaths ?? []),
      errorPages: this.#buildErrorPages(route.errorPages, [...path, 'errorPages']),
      source: sourceOf(this.#origin, path),
    };
  }

  #buildErrorPages(pages: ParsedErrorPages | undefined, path: KeyPath): readonly ErrorPage[] {
    if (pages === undefined) return NOTHING;
    return buildErrorPages(pages, path, (at) => this.#origin.positions.folderOf(at), this.#files);
  }

  #buildMiddleware(uses: readonly ParsedMiddleware[], path: KeyPath): readonly MiddlewareUse[] {
    if (uses.length === 0) return NOTHING;
    return uses.map((use, index) => {
      const at = [...path, index];
      const folder = this.#origin.positions.folderOf(at);
      return buildMiddlewareUse(use, folder, sourceOf(this.#origin, at));
    });
  }

  #buildAction(route: ParsedRoute, path: KeyPath): RouteAction {
    const { redirect, respond } = route;
    if (redirect !== undefined) {
      const status = redirect.status ?? REDIRECT_STATUS_DEFAULT;
      return { kind: 'redirect', status, location: redirect.to };
    }
    return respond === undefined
      ? this.#buildForwarding(route)
      : this.#buildAnswer(respond, [...path, 'respond', 'file']);
  }

  #buildForwarding(route: ParsedRoute): RouteAction {
    const shares = route.upstreams ?? { [route.upstream!]: 1 };
    return {
      kind: 'forward',
      upstreams: Object.entries(shares).map(([name, weight]) => ({
        upstreamIndex: this.#indexOf(name),
        weight,
      })),
      splitKey: splitKeyOf(route.splitBy),
      rewrite: route.rewrite === undefined ? null : rewriteOf(route.rewrite),
      mirrors:
        route.mirror?.map(({ upstream, percent }) => ({
          upstreamIndex: this.#indexOf(upstream),
          percent: percent ?? MIRROR_PERCENT_DEFAULT,
        })) ?? NOTHING,
    };
  }

  #buildAnswer(respond: ParsedRespond, filePath: KeyPath): RouteAction {
    const folder = this.#origin.positions.folderOf(filePath);
    return {
      kind: 'respond',
      status: respond.status ?? RESPOND_STATUS_DEFAULT,
      body: buildAnswerBody(respond, folder, this.#files),
      fields: Object.entries(respond.headers ?? {}).flatMap(([name, values]) =>
        values.map((value) => [name, value] as const),
      ),
    };
  }

  #indexOf(name: string): number {
    const index = this.#upstreamIndexes.get(name);
    assert(index !== undefined, 'the upstreams of routes were checked');
    return index;
  }
}

function splitKeyOf(written: ParsedRoute['splitBy']): SplitKey {
  if (written?.cookie !== undefined) return { kind: 'cookie', name: written.cookie };
  if (written?.header === undefined) return NO_SPLIT;
  return { kind: 'header', name: written.header.toLowerCase() };
}

function rewriteOf({ stripPrefix, addPrefix, path }: ParsedRewrite): RewriteOptions {
  if (stripPrefix !== undefined) return { kind: 'strip-prefix', prefix: stripPrefix };
  if (addPrefix !== undefined) return { kind: 'add-prefix', prefix: addPrefix };
  assert(path !== undefined, 'a rewrite has one of its keys');
  return { kind: 'template', template: path };
}
