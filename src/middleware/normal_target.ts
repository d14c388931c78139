// Whether text may take the place of a request's target: a path in normal form (http/target.ts)
// with a query or without. Anything else could reach an upstream as another path than the one that
// routes and middleware have judged.

import { BYTE_CLASS, ByteClass } from '../http/byte_class.ts';
import { isNormalPath } from '../http/target.ts';

/** Whether the text may be sent as the target of a request. */
export function isNormalTarget(text: string): boolean {
  const queryAt = text.indexOf('?');
  const path = queryAt < 0 ? text : text.slice(0, queryAt);
  // Some servers take a backslash for a slash.
  if (!isNormalPath(path) || path.includes('\\')) return false;
  for (let i = path.length; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff || (BYTE_CLASS[code]! & ByteClass.TARGET) === 0) return false;
  }
  return true;
}
