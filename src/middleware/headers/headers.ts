// The `headers` middleware: removes, sets and adds header fields of requests and responses, with
// templates as values. A value with placeholders that renders to nothing is not written: `set` then
// removes the field, so that a client never passes off its own for it.

import type { FieldsView } from '../fields_view.ts';
import type { MiddlewareDefinition, MiddlewareHooks } from '../middleware.ts';
import type { RequestView } from '../request_view.ts';
import type { ResponseView } from '../response_view.ts';
import { renderTemplate, type TemplateSource } from '../template.ts';
import {
  type CompiledChanges,
  type CompiledHeaders,
  type HeadersOptions,
  parseHeadersOptions,
} from './headers_options.ts';

/** What `headers(...)` returns: the form that YAML and JSON have, too. */
export interface HeadersUse {
  readonly headers: HeadersOptions;
}

/**
 * Removes, sets and adds header fields, in this order.
 *
 *     headers({ request: { set: { 'x-client': '{clientIp}' } }, response: { remove: 'server' } })
 */
export function headers(options: HeadersOptions): HeadersUse {
  return { headers: options };
}

/** The definition behind `headers`. */
export const HEADERS: MiddlewareDefinition<CompiledHeaders> = {
  name: 'headers',
  parse: parseHeadersOptions,
  create: createHooks,
};

// The views that a pipeline hands out know more than the contract for users: they are sources of
// templates, and remove by prefix without making strings.
function createHooks({ request, response }: CompiledHeaders): MiddlewareHooks {
  const hooks: MiddlewareHooks = {};
  if (request !== null) {
    hooks.onRequest = (view): void => {
      const own = view as RequestView;
      change(own.headers, request, own);
    };
  }
  if (response !== null) {
    hooks.onUpstreamResponse = (view): void => {
      const own = view as ResponseView;
      change(own.headers, response, own);
    };
  }
  return hooks;
}

function change(fields: FieldsView, changes: CompiledChanges, source: TemplateSource): void {
  const { removeFields, removePrefixes, set, add } = changes;
  for (let i = 0; i < removeFields.length; i++) fields.deleteKnown(removeFields[i]!);
  for (let i = 0; i < removePrefixes.length; i++) fields.deletePrefix(removePrefixes[i]!);
  for (let i = 0; i < set.length; i++) {
    const { field, value } = set[i]!;
    const text = renderTemplate(value, source);
    if (text === '' && value.constant === null) fields.deleteKnown(field);
    else fields.setKnown(field, text);
  }
  for (let i = 0; i < add.length; i++) {
    const { field, value } = add[i]!;
    const text = renderTemplate(value, source);
    if (text !== '' || value.constant !== null) fields.appendKnown(field, text);
  }
}
