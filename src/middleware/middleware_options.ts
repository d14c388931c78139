// The one way from options as they were written to what `create` is given: the check of a
// configuration and each worker take it.

import type { AnyDefinition } from './registry.ts';

/**
 * What the definition makes of the options; `{}` where none were written. Throws whatever `parse`
 * throws: an Error whose message says what was wanted.
 */
export function parseMiddlewareOptions(definition: AnyDefinition, options: unknown): unknown {
  const written = options === undefined ? {} : options;
  return definition.parse === undefined ? written : definition.parse(written);
}
