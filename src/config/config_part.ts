// One file of a configuration: the one that was named, or one that it includes.

import type { ConfigIssue, ConfigIssueCode } from './config_issue.ts';
import type { IssueDraft } from './issue_draft.ts';
import { formatKeyPath, type KeyPath } from './key_path.ts';
import type { TextPositions } from './positions.ts';

export interface ConfigPart {
  /** As messages show it. */
  readonly file: string;
  readonly realPath: string;
  /** Folder of the real path. */
  readonly folder: string;
  /** Without `include`, which has been followed. */
  readonly data: unknown;
  readonly positions: TextPositions;
  /** Single values that could not be read; paths are those of this file. */
  readonly drafts: readonly IssueDraft[];
}

/** What a part, or what is to become one, is shown with. */
export type PartPlace = Pick<ConfigPart, 'file' | 'positions'>;

/** One thing that is wrong at `path` of a file. */
export function partIssue(
  place: PartPlace,
  path: KeyPath,
  issue: Pick<ConfigIssue, 'value' | 'wanted'> & {
    readonly code: ConfigIssueCode;
    readonly at?: 'key' | 'value';
  },
): ConfigIssue {
  const position = place.positions.locate(path, issue.at ?? 'value');
  return {
    file: place.file,
    line: position?.line ?? null,
    column: position?.column ?? null,
    code: issue.code,
    path: formatKeyPath(path),
    value: issue.value,
    wanted: issue.wanted,
    suggestion: '',
  };
}
