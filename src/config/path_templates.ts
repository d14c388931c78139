// Templates that stand in routes themselves: the Location of a redirect and the path of a rewrite.

import { parseTemplate, type TemplateContext, templateNames } from '../middleware/template.ts';
import { nearestName } from './nearest_name.ts';
import { Refusal } from './refusal.ts';

/** A redirect's target: a URL, or a path on the same host. */
export function parseRedirectTarget(value: unknown): string | Refusal {
  const wanted = 'a URL or path, such as "https://example.com{path}"';
  if (typeof value !== 'string' || value === '') return new Refusal(wanted);
  const begin = /^(\/|\{|[a-z][a-z0-9+.-]*:)/i;
  if (!begin.test(value)) return new Refusal(wanted, redirectMeant(value));
  return checkTemplate(value, 'location');
}

/** The path that a rewrite makes. */
export function parseRewriteTemplate(value: unknown): string | Refusal {
  const wanted = 'a path such as "/v2{path}"';
  if (typeof value !== 'string' || value === '') return new Refusal(wanted);
  if (/^[^/{]/.test(value)) return new Refusal(wanted, `/${value}`);
  return checkTemplate(value, 'path');
}

function checkTemplate(text: string, context: TemplateContext): string | Refusal {
  const template = parseTemplate(text, context);
  if (!('wanted' in template)) return text;
  const { unknown } = template;
  if (unknown === '') return new Refusal(template.wanted);
  const near = nearestField(unknown, context);
  const meant = near === '' ? '' : text.replaceAll(`{${unknown}}`, `{${near}}`);
  return new Refusal(template.wanted, meant);
}

/** The placeholder that was probably meant; what follows a dot is kept. */
function nearestField(unknown: string, context: TemplateContext): string {
  const [field, ...rest] = unknown.split('.');
  const named = templateNames(context).filter((name) => name.endsWith('.NAME'));
  if (rest.length === 0) {
    return nearestName(
      unknown,
      templateNames(context).filter((name) => !named.includes(name)),
    );
  }
  const near = nearestName(
    field!,
    named.map((name) => name.slice(0, -'.NAME'.length)),
  );
  return near === '' ? '' : [near, ...rest].join('.');
}

/** `example.com/x` lacks its scheme, `x/y` its slash. */
function redirectMeant(value: string): string {
  return /^[^/]+\.[a-z]{2,}(\/|$|\{)/i.test(value) ? `https://${value}` : `/${value}`;
}
