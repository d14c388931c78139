// The user's middleware in the process that runs it: modules are imported before a snapshot that
// uses them is compiled. A module is evaluated once per process; changed code means a new worker.

import { fileURLToPath } from 'node:url';
import { ZProxyError } from '../base/errors.ts';
import type { Snapshot } from '../config/snapshot.ts';
import type { MiddlewareUse } from '../middleware/middleware_use.ts';
import { findDefinition } from '../middleware/registry.ts';
import { locationOf } from './source_location.ts';

/**
 * Imports what the snapshot's middleware needs and this process has not defined yet: a module that
 * is being evaluated, as one may be that calls `createProxy`, is not waited for. Rejects with a
 * ZProxyError (ZP_CONFIG_MODULE) where one cannot be imported.
 */
export async function importModules(snapshot: Snapshot): Promise<void> {
  const missing = new Map<string, MiddlewareUse>();
  addMissing(missing, snapshot.proxy.middleware);
  for (const { middleware } of snapshot.routes) addMissing(missing, middleware);
  if (missing.size === 0) return;
  const { followImports } = await import('../config/module_graph.ts');
  followImports(); // so that they find `zproxy`, wherever they lie
  for (const [module, use] of missing) {
    try {
      await import(module);
    } catch (error) {
      const { importSentence } = await import('../config/module_errors.ts');
      const reason = importSentence(fileURLToPath(module), error);
      const text = `the middleware module ${module}: ${reason}`;
      const location = locationOf(use.source);
      throw new ZProxyError('ZP_CONFIG_MODULE', text, { cause: error, location });
    }
  }
}

/** The first use of each module that has to be imported. */
function addMissing(missing: Map<string, MiddlewareUse>, uses: readonly MiddlewareUse[]): void {
  for (const use of uses) {
    const { module, name } = use;
    if (module === '' || missing.has(module) || findDefinition(module, name) !== null) continue;
    missing.set(module, use);
  }
}
