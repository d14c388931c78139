// An explanation as lines for people: what was asked, which route, why not the others, what is
// done.

import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type {
  ExplainedMiddleware,
  ExplainedSetting,
  ExplainedUpstream,
  ExplainedVerdict,
  Explanation,
} from '../server/explain/explanation.ts';
import { counted } from './counted.ts';
import { formatPlace } from './place_text.ts';
import type { Terminal } from './terminal.ts';

const LABEL_COLUMNS = 11;
/** Of routes that lost, unless all are asked for. */
const VERDICTS_MAX = 10;

/** Label and text; a label that is the one before is not repeated. */
type Line = readonly [label: string, text: string];

/** `showsAll`: every route that lost, not only the first ones. */
export function formatExplanation(
  explanation: Explanation,
  showsAll: boolean,
  terminal: Terminal,
): string[] {
  const lines: Line[] = [
    ...requestLines(explanation),
    ...routeLines(explanation, terminal),
    ...otherLines(explanation.verdicts, showsAll, terminal),
    ...explanation.middleware.map((use, index) => middlewareLine(use, index, terminal)),
    ...answerLines(explanation),
    ...forwardLines(explanation, terminal),
    ...settingLines(explanation.settings, terminal),
  ];
  return lines.map(([label, text], index) => {
    const shown = label === lines[index - 1]?.[0] ? '' : label;
    return `${terminal.bold(shown.padEnd(LABEL_COLUMNS))} ${text}`;
  });
}

function requestLines({ listener, request, notes }: Explanation): Line[] {
  const { method, host, path, query, scheme, clientIp } = request;
  const target = query === '' ? path : `${path}?${query}`;
  const name = host === '' ? '(no host)' : host;
  const origin = `from ${clientIp} over ${scheme} at ${listener}`;
  const text = method === '' ? `is malformed, ${origin}` : `${method} ${name} ${target}, ${origin}`;
  return [['request', text], ...notes.map((note): Line => ['request', note])];
}

function routeLines(explanation: Explanation, terminal: Terminal): Line[] {
  const { route, verdicts, params } = explanation;
  if (route === null) return [['route', 'none']];
  const chosen = verdicts.find(({ outcome }) => outcome === 'chosen');
  return [
    ['route', `${route.name} ${terminal.faint(`(${formatPlace(route.source)})`)}`],
    ...(chosen === undefined ? [] : [['route', chosen.reason] as Line]),
    ...Object.entries(params).map(([name, value]): Line => ['parameters', `${name} = ${value}`]),
  ];
}

function otherLines(
  verdicts: readonly ExplainedVerdict[],
  showsAll: boolean,
  terminal: Terminal,
): Line[] {
  const others = verdicts.filter(({ outcome }) => outcome !== 'chosen');
  const shown = showsAll ? others : others.slice(0, VERDICTS_MAX);
  const lines = shown.map(({ name, source, outcome, reason }): Line => {
    const verdict = outcome === 'would match' ? `would match, but ${reason}` : reason;
    return ['not chosen', `${name} ${terminal.faint(`(${formatPlace(source)})`)}: ${verdict}`];
  });
  const rest = others.length - shown.length;
  if (rest > 0) lines.push(['not chosen', `and ${counted(rest, 'route')} more; --all shows them`]);
  return lines;
}

function middlewareLine(use: ExplainedMiddleware, index: number, terminal: Terminal): Line {
  const module = use.module === '' ? '' : ` of ${shortModule(use.module)}`;
  const scope = use.scope === 'all routes' ? ', of all routes' : '';
  const place = terminal.faint(`(${formatPlace(use.source)})`);
  return ['middleware', `${index + 1}. ${use.name}${module}${scope} ${place}`];
}

function shortModule(url: string): string {
  if (!url.startsWith('file:')) return url;
  const path = relative(process.cwd(), fileURLToPath(url));
  return path.startsWith('..') ? fileURLToPath(url) : `./${path}`;
}

function answerLines({ answer }: Explanation): Line[] {
  if (answer === null) return [];
  const code = answer.error === '' ? '' : ` (${answer.error})`;
  return [
    ['answer', `${answer.status}${code}: ${answer.reason}`],
    ...answer.headers.map(([name, value]): Line => ['headers', `${name}: ${value}`]),
    ...(answer.bodyBytes > 0 ? [['body', counted(answer.bodyBytes, 'byte')] as Line] : []),
  ];
}

function forwardLines({ forward, middleware }: Explanation, terminal: Terminal): Line[] {
  if (forward === null) return [];
  const { upstreams, mirrors, upgrade } = forward;
  return [
    ...upstreams.flatMap((upstream) => upstreamLines(upstream, upstreams.length > 1, terminal)),
    ...(middleware.length === 0 ? [] : [['headers', '(before middleware changes them)'] as Line]),
    ...(upgrade === '' ? [] : [['upgrade', `${upgrade} is tunnelled`] as Line]),
    ...mirrors.map(({ upstream, percent }): Line => ['mirror', `${percent} % to ${upstream}`]),
  ];
}

function upstreamLines(
  upstream: ExplainedUpstream,
  isOneOfMany: boolean,
  terminal: Terminal,
): Line[] {
  const share = isOneOfMany
    ? `, ${Math.round(upstream.percent * 100) / 100} % of the requests`
    : '';
  return [
    ['upstream', `${upstream.name}${share} ${terminal.faint(`(${formatPlace(upstream.source)})`)}`],
    ...upstream.endpoints.map(({ url, weight, source }): Line => {
      const extra = weight === 1 ? '' : `, weight ${weight}`;
      return ['endpoint', `${url}${extra} ${terminal.faint(`(${formatPlace(source)})`)}`];
    }),
    ...upstream.headers.map(([name, value]): Line => ['headers', `${name}: ${value}`]),
  ];
}

/** Those that were written, a line each with its place; the defaults in a line per section. */
function settingLines(settings: readonly ExplainedSetting[], terminal: Terminal): Line[] {
  const written = settings.filter(({ source }) => source !== null);
  const defaults = new Map<string, string[]>();
  for (const { of, key, value, source } of settings) {
    if (source !== null) continue;
    const [section, name] = key.split('.') as [string, string];
    const group = `${of}\n${section}`;
    const texts = defaults.get(group) ?? [];
    texts.push(`${name} ${value}`);
    defaults.set(group, texts);
  }
  const lines = [
    ...written.map(({ of, key, value, source }): Line => {
      return [of, `${key} ${value} ${terminal.faint(`(${formatPlace(source!)})`)}`];
    }),
    ...[...defaults].map(([group, texts]): Line => {
      const [of, section] = group.split('\n') as [string, string];
      return [of, `${section}: ${texts.join(', ')} ${terminal.faint('(defaults)')}`];
    }),
  ];
  const order = [...new Set(settings.map(({ of }) => of))];
  return lines.toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b));
}
