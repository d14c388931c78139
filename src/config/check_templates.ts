// Path parameters that templates of a route ask for: each must be in every path of the route, or it
// would be empty for some requests without a word.

import { parseTemplate, type TemplateContext } from '../middleware/template.ts';
import { parameterNames, readPathPattern } from '../routing/path_pattern.ts';
import { type IssueDraft, valueAt } from './issue_draft.ts';
import type { KeyPath } from './key_path.ts';
import { parametersOfUse, parseMiddlewareUse } from './middleware_uses.ts';
import { nearestName } from './nearest_name.ts';
import type { ParsedRoute } from './parsed_config.ts';
import { Refusal } from './refusal.ts';

/** Drafts for a route whose values were all accepted. */
export function checkRouteTemplates(route: ParsedRoute, path: KeyPath): IssueDraft[] {
  const { redirect, rewrite, middleware } = route;
  if (!redirect && rewrite?.path === undefined && !middleware) return [];
  const names = parametersOf(route);
  const owner = (route.path?.length ?? 0) > 1 ? 'all paths of the route' : "the route's path";
  const drafts: IssueDraft[] = [];
  const add = (at: KeyPath, asked: readonly string[], text: string): void => {
    for (const name of new Set(asked)) {
      if (!names.includes(name)) drafts.push(unknownParameter(at, { name, names, text, owner }));
    }
  };
  if (redirect !== undefined) {
    const at = [...path, 'redirect'];
    add(at, parametersIn(redirect.to, 'location'), redirect.to);
  }
  if (rewrite?.path !== undefined) {
    add([...path, 'rewrite', 'path'], parametersIn(rewrite.path, 'path'), rewrite.path);
  }
  middleware?.forEach((use, index) => {
    add([...path, 'middleware', index], parametersOfUse(use), '');
  });
  return drafts;
}

/**
 * Drafts for the middleware of all routes in `data`: it runs for requests without a route, too, and
 * has no parameters.
 */
export function checkGlobalTemplates(data: unknown): IssueDraft[] {
  const uses = valueAt(data, ['middleware']);
  if (!Array.isArray(uses)) return [];
  return uses.flatMap((written: unknown, index) => {
    const use = parseMiddlewareUse(written);
    if (use instanceof Refusal) return [];
    return parametersOfUse(use).map(
      (name): IssueDraft => ({
        code: 'ZP_CONFIG_REFERENCE',
        path: ['middleware', index],
        at: 'value',
        value: `{params.${name}}`,
        wanted: 'what requests of every route have; put this middleware on routes instead',
        suggestion: '',
      }),
    );
  });
}

function parametersIn(text: string, context: TemplateContext): readonly string[] {
  const template = parseTemplate(text, context);
  return 'wanted' in template ? [] : template.params;
}

/** Those that all paths of the route have. */
function parametersOf(route: ParsedRoute): string[] {
  const [first = [], ...others] = (route.path ?? []).map((text) =>
    parameterNames(readPathPattern(text)),
  );
  return first.filter((name) => others.every((names) => names.includes(name)));
}

interface UnknownParameter {
  readonly name: string;
  /** Those that there are. */
  readonly names: readonly string[];
  /** The template, where one is written right there. */
  readonly text: string;
  readonly owner: string;
}

function unknownParameter(path: KeyPath, unknown: UnknownParameter): IssueDraft {
  const { name, names, text, owner } = unknown;
  const known = names.map((each) => `{params.${each}}`).join(', ');
  const near = nearestName(name, names);
  const meant = text.replaceAll(`{params.${name}}`, `{params.${near}}`);
  return {
    code: 'ZP_CONFIG_REFERENCE',
    path,
    at: 'value',
    value: `{params.${name}}`,
    wanted: known === '' ? `one of ${owner}, and there is none` : `one of ${owner}: ${known}`,
    suggestion: near === '' ? '' : text === '' ? `{params.${near}}` : meant,
  };
}
