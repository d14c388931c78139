// Where a value of the configuration was written, in the form that the snapshot carries along.

import type { ConfigOrigin } from './config_origin.ts';
import { formatKeyPath, type KeyPath } from './key_path.ts';
import type { Source } from './snapshot.ts';

/** The place of the value at `path`. */
export function sourceOf(origin: ConfigOrigin, path: KeyPath): Source {
  const { positions } = origin;
  const location = positions.locate(path, 'value');
  return { ...location, path: formatKeyPath(positions.pathInFile(path)) };
}
