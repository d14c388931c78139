// A snapshot from a configuration object, for tests that need no file.

import { strict as assert } from 'node:assert';
import { compileConfig } from '../../src/config/compile_config.ts';
import type { Config } from '../../src/config/config.ts';
import { objectOrigin } from '../../src/config/config_origin.ts';
import type { Snapshot } from '../../src/config/snapshot.ts';

/** Throws where the configuration has errors. */
export function compileSnapshot(config: Config): Snapshot {
  const result = compileConfig(config, objectOrigin('/'));
  assert('snapshot' in result, JSON.stringify(result));
  return result.snapshot;
}
