// Puts hooks of a test on a route: a definition under a name of its own for each call.

import type { MiddlewareHooks } from '../../src/middleware/middleware.ts';
import type { MiddlewareUse } from '../../src/middleware/middleware_use.ts';
import { registerDefinition } from '../../src/middleware/registry.ts';

const MODULE = 'file:///tests/hooks_use.ts';
let count = 0;

export function hooksUse(hooks: MiddlewareHooks): MiddlewareUse {
  const name = `hooks${++count}`;
  const site = { module: MODULE, script: `${MODULE}?${count}`, place: '1:1' };
  registerDefinition(site, { name, create: () => hooks });
  return { name, module: MODULE, options: {}, source: null };
}
