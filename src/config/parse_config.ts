// Plain data through the schema. Routes come by the thousand with a few of many keys each, and the
// schema library looks at every key that there might be: so they are read key by key, and the whole
// schema is asked only where something is wrong, for what it has to say.

import type * as z from 'zod';
import { valueAt } from './issue_draft.ts';
import type { ParsedConfig, ParsedRoute } from './parsed_config.ts';
import { Refusal } from './refusal.ts';
import { parseRouteHost, parseRoutePath } from './route_pattern.ts';
import { ROUTE_SCHEMA } from './route_schema.ts';
import { CONFIG_SCHEMA } from './schema.ts';
import { wantedBySchema } from './schema_issues.ts';
import { isObject } from './schema_shapes.ts';

const REST_SCHEMA = CONFIG_SCHEMA.omit({ routes: true });

export interface ParsedData {
  /** Null where something was refused. */
  readonly config: ParsedConfig | null;
  /** The routes, as far as each by itself was accepted: null in the place of one that was not. */
  readonly routes: readonly (ParsedRoute | null)[];
  readonly issues: readonly z.core.$ZodIssue[];
}

/** Parses a whole configuration. */
export function parseConfig(data: unknown): ParsedData {
  const routes = parseRoutes(data);
  if (isObject(data) && routes.length > 0 && !routes.includes(null)) {
    const { routes: _, ...rest } = data;
    const parsed = REST_SCHEMA.safeParse(rest);
    if (parsed.success) {
      const config = { ...parsed.data, routes } as ParsedConfig;
      return { config, routes, issues: [] };
    }
  }
  const result = CONFIG_SCHEMA.safeParse(data, { error: wantedBySchema });
  const config = result.success ? (result.data as ParsedConfig) : null;
  return { config, routes, issues: result.success ? [] : result.error.issues };
}

function parseRoutes(data: unknown): (ParsedRoute | null)[] {
  const routes = valueAt(data, ['routes']);
  // A list may have holes, which `map` would pass over.
  return Array.isArray(routes) ? Array.from(routes, new RouteParser().parse) : [];
}

/** Keys that most routes have, where one text is the whole value. */
const SINGLE_TEXTS: Readonly<Record<string, (text: string) => string | Refusal>> = {
  host: parseRouteHost,
  path: parseRoutePath,
};

/** All keys of a route are optional for the schema: those that are there are all that counts. */
class RouteParser {
  /** Hosts repeat. */
  readonly #known: ReadonlyMap<string, Map<string, readonly string[] | null>> = new Map(
    Object.keys(SINGLE_TEXTS).map((key) => [key, new Map()]),
  );
  readonly #shape: Readonly<Record<string, z.ZodType>> = ROUTE_SCHEMA.shape;

  readonly parse = (route: unknown): ParsedRoute | null => {
    if (!isObject(route)) return null;
    const parsed: Record<string, unknown> = {};
    for (const key of Object.keys(route)) {
      const value = route[key];
      const read = this.#read(key, value);
      if (read === null) return null;
      parsed[key] = read;
    }
    return parsed;
  };

  /** Null for what the schema refuses. */
  #read(key: string, value: unknown): unknown {
    if (typeof value === 'string') {
      if (key === 'upstream') return value;
      const known = this.#known.get(key);
      if (known !== undefined) return readText(key, value, known);
    }
    const schema = Object.hasOwn(this.#shape, key) ? this.#shape[key] : undefined;
    const result = schema?.safeParse(value);
    return result?.success === true ? result.data : null;
  }
}

function readText(
  key: string,
  text: string,
  known: Map<string, readonly string[] | null>,
): readonly string[] | null {
  const before = known.get(text);
  if (before !== undefined) return before;
  const parsed = SINGLE_TEXTS[key]!(text);
  const read = parsed instanceof Refusal ? null : [parsed];
  known.set(text, read);
  return read;
}
