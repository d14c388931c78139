// What the readers of the formats have in common: a text became plain data with positions, or it
// did not.

import type { ConfigIssueCode } from './config_issue.ts';
import type { Position, Positions } from './positions.ts';

/** A file that could be read as its format. */
export interface ConfigText {
  readonly data: unknown;
  readonly positions: Positions;
}

/** A file that could not. `text` is a sentence without a full stop. */
export interface ConfigTextError {
  readonly code: ConfigIssueCode;
  readonly text: string;
  readonly position: Position | null;
}

/** Either the data or what is wrong with the text. */
export type ConfigTextResult = ConfigText | { readonly textErrors: readonly ConfigTextError[] };
