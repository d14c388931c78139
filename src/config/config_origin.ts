// Where a configuration came from: what the schema's issues are located with, what relative paths
// start from, and what was read for it.

import type { Positions } from './positions.ts';
import { SecretTexts } from './secret_texts.ts';
import type { SnapshotCode } from './snapshot.ts';

export interface ConfigOrigin {
  /** The file that was named, as messages show it; '' for an object. */
  readonly file: string;
  /** Its real path, '' for an object. */
  readonly realPath: string;
  readonly positions: Positions;
  /** Values that must not be shown. */
  readonly secrets: SecretTexts;
  /** Real paths of all files that were read: configurations, secrets, modules. Sorted. */
  readonly files: readonly string[];
  /** The user's modules that define middleware which is used, and what they import. */
  readonly code: SnapshotCode;
}

export const NO_CODE: SnapshotCode = { files: [], hash: '' };

/** The origin of a configuration object: nothing was read; relative paths start from `folder`. */
export function objectOrigin(folder: string): ConfigOrigin {
  return {
    file: '',
    realPath: '',
    positions: {
      locate: () => ({ file: '' }),
      folderOf: () => folder,
      pathInFile: (path) => path,
    },
    secrets: new SecretTexts(),
    files: [],
    code: NO_CODE,
  };
}
