// What the log says about reloads and upgrades.

import { LogLevel } from '../base/log_sink.ts';
import type { ReloadOutcome } from './control_actions.ts';
import type { HandOverState } from './hand_over.ts';

type LogLine = readonly [level: LogLevel, text: string];

/** How a reload ended, which `cause` had asked for. */
export function reloadLine(cause: string, outcome: ReloadOutcome): LogLine {
  const because = `, because of ${cause}`;
  switch (outcome.kind) {
    case 'unchanged':
      return [LogLevel.INFO, `reloaded${because}: nothing has changed`];
    case 'refused':
      return [LogLevel.ERROR, `reload refused${because}: ${outcome.reason}`];
    case 'applied': {
      const what = outcome.changes.length === 0 ? 'no change' : outcome.changes.join('; ');
      const how = outcome.areWorkersReplaced ? ' (workers are replaced)' : '';
      return [LogLevel.INFO, `reloaded${because}: ${what}${how}`];
    }
  }
}

/** How a program came to what it has inherited. */
export function inheritedLine(state: HandOverState, version: string): LogLine {
  const { failedVersion, failure, program } = state;
  if (failure === '') return [LogLevel.INFO, `upgraded from ${program.version} to ${version}`];
  const text = `the upgrade to ${failedVersion} failed, ${version} serves again: ${failure}`;
  return [LogLevel.ERROR, text];
}
