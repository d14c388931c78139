// Pieces of the schema that more than one place has: timeouts, limits, switches.

import * as z from 'zod';
import { LIMIT_RULES, type LimitKey } from './limits.ts';
import type { ParsedLimits, ParsedTimeouts } from './parsed_config.ts';
import { SWITCH_FORM } from './schema_shapes.ts';
import { durationWithin, limitWithin, parsed, parseSwitch } from './schema_values.ts';
import type { Scope } from './scope.ts';
import { TIMEOUT_RULES, type TimeoutKey } from './timeouts.ts';

/** `true` or `false`. */
export const toggle: z.ZodOptional<z.ZodType<boolean>> = parsed(
  parseSwitch,
  SWITCH_FORM,
).optional();

/** The timeouts that may be set in one place. */
export function timeoutsOf(scope: Scope): z.ZodOptional<z.ZodType<ParsedTimeouts>> {
  const shape: Record<string, z.ZodType<number | undefined>> = {};
  for (const key of Object.keys(TIMEOUT_RULES) as TimeoutKey[]) {
    const rule = TIMEOUT_RULES[key];
    if (rule.scopes.includes(scope)) shape[key] = durationWithin(rule).optional();
  }
  return (z.strictObject(shape) as z.ZodType<ParsedTimeouts>).optional();
}

/** The limits that may be set in one place. */
export function limitsOf(scope: Scope): z.ZodOptional<z.ZodType<ParsedLimits>> {
  const shape: Record<string, z.ZodType<number | undefined>> = {};
  for (const key of Object.keys(LIMIT_RULES) as LimitKey[]) {
    const rule = LIMIT_RULES[key];
    if (rule.scopes.includes(scope)) shape[key] = limitWithin(rule).optional();
  }
  return (z.strictObject(shape) as z.ZodType<ParsedLimits>).optional();
}
