// A configuration that was refused: all of its errors at once, for whoever prints them.

import { type ConfigIssue, formatConfigIssue } from '../config/config_issue.ts';

export class ConfigRefusedError extends Error {
  override readonly name = 'ConfigRefusedError';
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    super(issues.map(formatConfigIssue).join('\n'));
    this.issues = issues;
  }
}
