// What a compiled route says, in the words of the configuration: names in place of indexes, texts
// in place of bytes. For comparing routes of two snapshots, whose indexes mean different things.

import { createHash } from 'node:crypto';
import type {
  ErrorPage,
  OwnBody,
  ProxyOptions,
  RewriteOptions,
  RouteAction,
  RouteOptions,
  SplitKey,
} from '../proxy/options.ts';
import type { ValueCondition } from '../routing/route.ts';
import type { Snapshot } from './snapshot.ts';
import { unsafePathsOf } from './unsafe_paths.ts';

/** Values by key path; what is not there has the value null. */
export type Summary = Readonly<Record<string, unknown>>;

const BODY_TEXT_BYTES_MAX = 256;

/** What becomes of a request of the route. */
export function summarizeRoute(route: RouteOptions, { upstreams }: Snapshot): Summary {
  const nameOf = (index: number): string => upstreams[index]!.name;
  return {
    name: route.name,
    ...summarizeAction(route.action, nameOf),
    middleware: summarizeMiddleware(route.middleware),
    upgrades: route.upgrades,
    'limits.requestBody': finite(route.requestBodyBytesMax),
    unsafePaths: unsafePathsOf(route.pathDoubtsAllowed),
    errorPages: summarizeErrorPages(route.errorPages),
  };
}

/** What a route asks of a request, in the words of the configuration. */
export function summarizeConditions({ conditions }: RouteOptions): Summary {
  const { hosts, paths, methods, scheme, values, clientAddress } = conditions;
  const ranges = clientAddress?.ranges.map(({ host, bits }) => `${host}/${bits}`);
  return {
    ...(hosts.length === 0 ? {} : { host: hosts }),
    ...(paths.length === 0 ? {} : { path: paths }),
    ...(methods.length === 0 ? {} : { method: methods }),
    ...(scheme === '' ? {} : { scheme }),
    ...summarizeValues('headers', 'header', values),
    ...summarizeValues('query', 'query', values),
    ...summarizeValues('cookies', 'cookie', values),
    ...(ranges === undefined
      ? {}
      : { clientIp: clientAddress?.isNegated === true ? { not: ranges } : ranges }),
  };
}

/** Uses of middleware as they are written. */
export function summarizeMiddleware(uses: ProxyOptions['middleware']): unknown {
  return uses.map(({ name, module, options }) =>
    module === '' ? { [name]: options } : { module, name, options },
  );
}

/** Error pages by their statuses. */
export function summarizeErrorPages(pages: readonly ErrorPage[]): unknown {
  return Object.fromEntries(
    pages.map(({ statusMin, statusMax, body, isForUpstream }) => [
      statusMin === statusMax ? String(statusMin) : `${statusMin}-${statusMax}`,
      { ...summarizeBody(body), upstream: isForUpstream },
    ]),
  );
}

/** JSON has no Infinity; `none` is what the configuration writes. */
export function finite(value: number): number | 'none' {
  return value === Number.POSITIVE_INFINITY ? 'none' : value;
}

function summarizeAction(action: RouteAction, nameOf: (index: number) => string): Summary {
  if (action.kind === 'redirect') {
    return { redirect: { to: action.location, status: action.status } };
  }
  if (action.kind === 'respond') {
    const { status, body, fields } = action;
    const content = body === null ? {} : summarizeBody(body);
    return { respond: { status, ...content, headers: fields } };
  }
  const shares = action.upstreams.map(({ upstreamIndex, weight }) => ({
    name: nameOf(upstreamIndex),
    weight,
  }));
  const target =
    shares.length === 1
      ? { upstream: shares[0]!.name }
      : { upstreams: Object.fromEntries(shares.map(({ name, weight }) => [name, weight])) };
  return {
    ...target,
    splitBy: summarizeSplitKey(action.splitKey),
    rewrite: action.rewrite === null ? null : summarizeRewrite(action.rewrite),
    mirror: action.mirrors.map(({ upstreamIndex, percent }) => ({
      upstream: nameOf(upstreamIndex),
      percent,
    })),
  };
}

function summarizeSplitKey(key: SplitKey): unknown {
  return key.kind === 'none' ? null : { [key.kind]: key.name };
}

function summarizeRewrite(rewrite: RewriteOptions): unknown {
  switch (rewrite.kind) {
    case 'strip-prefix':
      return { stripPrefix: rewrite.prefix };
    case 'add-prefix':
      return { addPrefix: rewrite.prefix };
    case 'template':
      return { path: rewrite.template };
  }
}

/** Short texts as they are, everything else by its size and hash. */
function summarizeBody({ bytes, contentType }: OwnBody): Summary {
  const text = bytes.length > BODY_TEXT_BYTES_MAX ? null : textOf(bytes);
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  return { body: text ?? `${bytes.length} bytes (sha256 ${hash})`, contentType };
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function summarizeValues(
  key: string,
  on: ValueCondition['on'],
  values: readonly ValueCondition[],
): Summary {
  const own = values.filter((value) => value.on === on);
  if (own.length === 0) return {};
  const tests = own.map(({ name, test, isNegated }): [string, unknown] => {
    if (test.kind === 'present') return [name, !isNegated];
    const written = { [test.kind]: test.value };
    return [name, isNegated ? { ...written, not: true } : written];
  });
  return { [key]: Object.fromEntries(tests) };
}
