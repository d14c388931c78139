// What is wrong with routes beyond the shape of their values: none or two actions, parameters that
// the path does not have, routes that can never be told apart.

import { findIndistinguishable } from '../routing/indistinguishable.ts';
import { checkErrorPages, checkExclusiveKeys } from './check_exclusive_keys.ts';
import type { Whereabouts } from './check_references.ts';
import { checkRouteTemplates } from './check_templates.ts';
import { type IssueDraft, valueAt } from './issue_draft.ts';
import type { ParsedRoute } from './parsed_config.ts';
import { conditionsOf } from './route_conditions.ts';
import { ROUTE_SCHEMA } from './route_schema.ts';
import { isObject } from './schema_shapes.ts';

/** The keys that routes have. */
const ROUTE_KEYS: readonly string[] = Object.keys(ROUTE_SCHEMA.shape);

/**
 * Drafts for the routes in `data`. `routes` are the same ones as parsed; null where the schema
 * refused one.
 */
export function checkRoutes(
  data: unknown,
  routes: readonly (ParsedRoute | null)[],
  where: Whereabouts,
): IssueDraft[] {
  const drafts = checkErrorPages(valueAt(data, ['errorPages']), ['errorPages']);
  const written = valueAt(data, ['routes']);
  if (Array.isArray(written)) {
    written.forEach((route: unknown, index) => {
      if (!isObject(route)) return;
      drafts.push(...checkExclusiveKeys(route, index, ROUTE_KEYS));
    });
  }
  routes.forEach((route, index) => {
    if (route !== null) drafts.push(...checkRouteTemplates(route, ['routes', index]));
  });
  return [...drafts, ...checkDistinct(routes, where)];
}

function checkDistinct(routes: readonly (ParsedRoute | null)[], where: Whereabouts): IssueDraft[] {
  const indexes = [...routes.keys()].filter((index) => routes[index] !== null);
  const pairs = findIndistinguishable(indexes.map((index) => conditionsOf(routes[index]!)));
  return pairs.map(({ first, second }): IssueDraft => {
    const taker = where(['routes', indexes[first]!]);
    return {
      code: 'ZP_CONFIG_DUPLICATE',
      path: ['routes', indexes[second]!],
      at: 'value',
      value: describeConditions(routes[indexes[second]!]!),
      wanted: `another condition, since the route at ${taker} takes all of it`,
      suggestion: '',
    };
  });
}

/** What a message calls a route by: its host and path, as far as it has them. */
function describeConditions({ host = [], path = [] }: ParsedRoute): string {
  const text = host.join(',') + path.join(',');
  return text === '' ? 'any request' : text;
}
