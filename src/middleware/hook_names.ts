// What an object of hooks may have: a misspelt hook is an error when it is defined, not a
// middleware that silently does nothing.

import type { MiddlewareHooks } from './middleware.ts';

const HOOK_NAMES: readonly (keyof MiddlewareHooks)[] = [
  'onRequest',
  'onUpstreamResponse',
  'onComplete',
  'close',
];

/**
 * What was wanted in place of `hooks`; '' where they are fine. Keys that do not look like a hook
 * are the author's own: hooks are called as methods and may use them.
 */
export function wantedHooks(hooks: unknown): string {
  if (typeof hooks !== 'object' || hooks === null) return 'an object with hooks';
  if (typeof (hooks as { then?: unknown }).then === 'function') {
    return 'an object with hooks, not a promise of one';
  }
  const named = hooks as Record<string, unknown>;
  for (const name of HOOK_NAMES) {
    const hook = named[name];
    if (hook !== undefined && typeof hook !== 'function') return `"${name}" as a function`;
  }
  for (const key of Object.keys(named)) {
    if (/^on[A-Z]/.test(key) && !HOOK_NAMES.includes(key as keyof MiddlewareHooks)) {
      return `one of ${HOOK_NAMES.join(', ')} in place of "${key}"`;
    }
  }
  return '';
}
