// Where something was written, as editors understand it.

import { formatLocation } from '../base/errors.ts';
import type { Source } from '../config/snapshot.ts';

/** `zproxy.yaml:3:5`; the key path where a configuration has no file. */
export function formatPlace(source: Source): string {
  return source.file === '' ? source.path : formatLocation(source);
}
