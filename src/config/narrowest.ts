// Which of the places where a timeout or limit may be set counts: the narrowest that sets it,
// then the wider ones, then the default of the table.

import { LIMIT_RULES, type LimitKey } from './limits.ts';
import type { ParsedLimits, ParsedTimeouts } from './parsed_config.ts';
import { TIMEOUT_RULES, type TimeoutKey } from './timeouts.ts';

/** Reads timeouts in milliseconds. */
export function timeoutReader(
  wide: ParsedTimeouts | undefined,
  narrow?: ParsedTimeouts,
): (key: TimeoutKey) => number {
  return (key) => narrow?.[key] ?? wide?.[key] ?? TIMEOUT_RULES[key].defaultMs;
}

/** Reads limits in bytes or counts. */
export function limitReader(
  wide: ParsedLimits | undefined,
  narrow?: ParsedLimits,
): (key: LimitKey) => number {
  return (key) => narrow?.[key] ?? wide?.[key] ?? LIMIT_RULES[key].default;
}
