// The leaves of the schema: each wraps one of the parsers beside it. The message of a schema
// issue is always the object of "wanted"; what was probably meant goes along in `params`.

import * as z from 'zod';
import { WORKERS_MAX } from '../base/limits.ts';
import { LogField, unknownLogFields } from '../proxy/log_template.ts';
import type { AccessLogFormat } from '../proxy/options.ts';
import { formatByteSize, parseByteSize } from './byte_size.ts';
import { formatDuration, parseDuration } from './duration.ts';
import type { LimitRule } from './limits.ts';
import { nearestName } from './nearest_name.ts';
import { Refusal } from './refusal.ts';
import type { JsonForm } from './schema_shapes.ts';
import { TIMEOUT_MS_MIN, type TimeoutRule } from './timeouts.ts';

const DURATION_FORM: JsonForm = { type: 'string', pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$' };

/**
 * A value that `parse` turns into what the snapshot needs, or refuses. `form` is what an editor is
 * told of it.
 */
export function parsed<T>(
  parse: (value: unknown) => T | Refusal,
  form: JsonForm = {},
): z.ZodType<T> {
  const check = (value: unknown, context: z.RefinementCtx): T => {
    const result = parse(value);
    if (!(result instanceof Refusal)) return result;
    context.addIssue({
      code: 'custom',
      message: result.wanted,
      params: { suggestion: result.suggestion },
    });
    return z.NEVER;
  };
  return z.unknown().transform(check).meta(form) as unknown as z.ZodType<T>;
}

/** A duration within the bounds of its rule, in milliseconds. */
export function durationWithin(rule: TimeoutRule): z.ZodType<number> {
  return parsed((value) => {
    const milliseconds = parseDuration(value);
    if (milliseconds instanceof Refusal) return milliseconds;
    if (milliseconds >= TIMEOUT_MS_MIN && milliseconds <= rule.msMax) return milliseconds;
    const range = `${formatDuration(TIMEOUT_MS_MIN)} to ${formatDuration(rule.msMax)}`;
    return new Refusal(`a duration from ${range}`);
  }, DURATION_FORM);
}

/** A size in bytes or a count, within the bounds of its rule. */
export function limitWithin(rule: LimitRule): z.ZodType<number> {
  const number = { type: 'integer', minimum: rule.min, maximum: rule.max };
  const size = { type: 'string', pattern: '^\\d+(\\.\\d+)?([kKMGT]i?)?B$' };
  const none = rule.hasNone ? [{ const: 'none' }] : [];
  const form = rule.kind === 'size' ? { anyOf: [...none, size, number] } : number;
  return parsed((value) => {
    if (value === 'none' && rule.hasNone) return Number.POSITIVE_INFINITY;
    const number = rule.kind === 'size' ? parseByteSize(value) : parseCount(value);
    if (number instanceof Refusal) {
      const none = rule.hasNone ? '"none" or ' : '';
      return new Refusal(none + number.wanted, number.suggestion);
    }
    if (number >= rule.min && number <= rule.max) return number;
    const format = rule.kind === 'size' ? formatByteSize : String;
    const noun = rule.kind === 'size' ? 'a size' : 'a number';
    return new Refusal(`${noun} from ${format(rule.min)} to ${format(rule.max)}`);
  }, form);
}

/** `true` or `false`; the words that other formats use for them are suggested, not taken. */
export function parseSwitch(value: unknown): boolean | Refusal {
  if (typeof value === 'boolean') return value;
  const word = typeof value === 'object' ? '' : String(value).toLowerCase();
  const isOn = ['true', 'yes', 'on', '1'].includes(word);
  const isOff = ['false', 'no', 'off', '0'].includes(word);
  return new Refusal('true or false', isOn ? 'true' : isOff ? 'false' : '');
}

export function parseWorkers(value: unknown): 'auto' | number | Refusal {
  if (value === 'auto') return value;
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= WORKERS_MAX) {
    return Number(value);
  }
  const meant = typeof value === 'string' && /^[1-9]\d?$/.test(value) ? value : '';
  return new Refusal(`"auto" or a number from 1 to ${WORKERS_MAX}`, meant);
}

/** Share of an endpoint. */
export function parseWeight(value: unknown): number | Refusal {
  const isWeight = Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 1_000;
  return isWeight ? Number(value) : new Refusal('a whole number from 0 (no requests) to 1000');
}

/** `via`: on, off, or the pseudonym of RFC 9110 section 7.6.3, which is a token. */
export function parseVia(value: unknown): boolean | string | Refusal {
  if (typeof value === 'boolean') return value;
  const isToken = typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/.test(value);
  return isToken
    ? value
    : new Refusal('true, false or a name of letters, digits, "-", "." and "_"');
}

export function parseUserName(value: unknown): string | Refusal {
  const wanted = 'a name such as "www-data" or a number as text';
  if (typeof value === 'number') return new Refusal(wanted, String(value));
  const isName = typeof value === 'string' && /^[a-z0-9_][a-z0-9_.-]{0,255}\$?$/i.test(value);
  return isName ? value : new Refusal(wanted);
}

/** A path of the file system that is not empty. */
export function parseFilePath(value: unknown): string | Refusal {
  const isPath = typeof value === 'string' && value !== '' && !value.includes('\0');
  return isPath ? value : new Refusal('a path');
}

/** Where access lines go. A bare word that means a stream elsewhere would become a file. */
export function parseAccessLogTarget(value: unknown): string | Refusal {
  const wanted = '"stdout" or the path of a file';
  if (value === 'stderr' || value === '-') return new Refusal(wanted, 'stdout');
  return parseFilePath(value) instanceof Refusal ? new Refusal(wanted) : String(value);
}

export function parseAccessLogFormat(value: unknown): AccessLogFormat | Refusal {
  if (value === 'json' || value === 'combined') return { kind: value };
  const wanted = '"json", "combined" or one line with fields in braces, such as "{status} {path}"';
  if (typeof value !== 'string' || /[\r\n]/.test(value)) return new Refusal(wanted);
  const names = Object.keys(LogField);
  const unknown = unknownLogFields(value)[0];
  if (unknown !== undefined) {
    const near = nearestName(unknown, names);
    const meant = near === '' ? '' : value.replaceAll(`{${unknown}}`, `{${near}}`);
    return new Refusal(`fields in braces out of ${names.join(', ')}`, meant);
  }
  const hasField = names.some((name) => value.includes(`{${name}}`));
  return hasField
    ? { kind: 'template', template: value }
    : new Refusal(wanted, nearestName(value, ['json', 'combined']));
}

function parseCount(value: unknown): number | Refusal {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  const meant = typeof value === 'string' && /^\d{1,15}$/.test(value) ? value : '';
  return new Refusal('a whole number', meant);
}
