// What the readers of the formats have in common: a text became plain data with positions, or it
// did not.

import type { ConfigIssueCode } from './config_issue.ts';
import type { IssueDraft } from './issue_draft.ts';
import type { KeyPath } from './key_path.ts';
import type { Position, TextPositions } from './positions.ts';
import { hasReference, type Substituter, SubstitutionFault } from './substitution.ts';
import { plainScalar } from './yaml_scalar.ts';

/** A file that could be read as its format. */
export interface ConfigText {
  readonly data: unknown;
  readonly positions: TextPositions;
  /** Single values that could not be read; the data has them as they were written. */
  readonly drafts: readonly IssueDraft[];
}

/** A file that could not. `text` is a sentence without a full stop. */
export interface ConfigTextError {
  readonly code: ConfigIssueCode;
  readonly text: string;
  readonly position: Position | null;
}

/** Either the data or what is wrong with the text. */
export type ConfigTextResult = ConfigText | { readonly textErrors: readonly ConfigTextError[] };

/** Reads the texts of a file, references and all; collects what is wrong with them. */
export class TextValues {
  readonly drafts: IssueDraft[];
  readonly #substituter: Substituter;

  constructor(substituter: Substituter) {
    this.drafts = [];
    this.#substituter = substituter;
  }

  /**
   * The value of a text at `path`. A plain one (YAML without quotes) that is nothing but a
   * variable is read again once the value is there: `workers: ${WORKERS}` is a number.
   */
  read(text: string, isPlain: boolean, path: KeyPath): unknown {
    if (!hasReference(text)) return isPlain ? plainScalar(text) : text;
    const result = this.#substituter.substitute(text);
    if (!(result instanceof SubstitutionFault)) {
      return isPlain && result.isVariable ? plainScalar(result.text) : result.text;
    }
    const { code, sentence } = result;
    const common = { code, path: [...path], at: 'value', value: text } as const;
    this.drafts.push({ ...common, wanted: sentence, suggestion: '' });
    return text;
  }
}
