// From the opaque `source` of an option to a place in the config file, for messages at run time.

import type { SourceLocation } from '../base/errors.ts';
import type { Source } from '../config/snapshot.ts';

/**
 * The key path that a value was written at, `upstreams.api.endpoints[0]`; '' where it is not known.
 */
export function keyPathOf(source: unknown): string {
  return isSource(source) ? source.path : '';
}

export function locationOf(source: unknown): SourceLocation | undefined {
  return isSource(source) && source.file !== '' ? source : undefined;
}

function isSource(source: unknown): source is Source {
  return typeof source === 'object' && source !== null && 'file' in source && 'path' in source;
}
