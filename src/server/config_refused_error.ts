// A configuration that was refused: all of its errors at once, for whoever prints them.

import { ZProxyError } from '../base/errors.ts';
import { type ConfigIssue, formatConfigIssue } from '../config/config_issue.ts';

export class ConfigRefusedError extends ZProxyError {
  override readonly name = 'ConfigRefusedError';
  /** In the order of the files. */
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    super('ZP_CONFIG_REFUSED', issues.map(formatConfigIssue).join('\n'));
    this.issues = issues;
  }
}
