// Parsers of the single values of a route that are no patterns: names, methods, statuses, texts.
// Each gives the value in its normal form or says what was wanted.

import { compileLinearPattern } from '../base/linear_pattern.ts';
import { nearestName } from './nearest_name.ts';
import { Refusal } from './refusal.ts';
import type { UnsafePath } from './route_config.ts';
import { UNSAFE_PATHS } from './unsafe_paths.ts';

// RFC 9110 section 5.6.2.
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Visible characters of a field value, and spaces inside (RFC 9110 section 5.5); latin1. */
const FIELD_VALUE = /^(?![ \t])[\t\x20-\x7e\x80-\xff]*(?<![ \t])$/;

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
] as const;

/** The name of a route: one line that a log can hold. */
export function parseRouteName(value: unknown): string | Refusal {
  const isName = typeof value === 'string' && /^[\x20-\x7e]{1,128}$/.test(value);
  if (isName && value.trim() === value) return value;
  const meant = typeof value === 'string' ? value.trim() : '';
  const wanted = 'a name of 1 to 128 visible ASCII characters';
  return new Refusal(wanted, /^[\x20-\x7e]{1,128}$/.test(meant) ? meant : '');
}

/** A method: case-sensitive (RFC 9110 section 9.1), so `get` is probably not what was meant. */
export function parseMethod(value: unknown): string | Refusal {
  const wanted = 'a method such as "GET"';
  if (typeof value !== 'string' || !TOKEN.test(value) || value.length > 64) {
    return new Refusal(wanted);
  }
  const upper = value.toUpperCase();
  const isMisspelt = upper !== value && METHODS.includes(upper as (typeof METHODS)[number]);
  return isMisspelt ? new Refusal(`${wanted}; methods are case-sensitive`, upper) : value;
}

/** The name of a header field or cookie. */
export function parseToken(value: unknown): string | Refusal {
  const isToken = typeof value === 'string' && TOKEN.test(value);
  return isToken ? value : new Refusal('a name of letters, digits and "-" (RFC 9110: a token)');
}

/** What a value is compared with. Numbers of YAML are told from texts, so that `01` stays `01`. */
export function parseComparedText(value: unknown): string | Refusal {
  if (typeof value === 'string') return value;
  const meant = typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
  return new Refusal('a text', meant);
}

/** The source of a regular expression that takes linear time. */
export function parseLinearPattern(value: unknown): string | Refusal {
  const wanted = 'a regular expression as text, such as "^v[0-9]+$"';
  if (value instanceof RegExp) return new Refusal(wanted, value.source);
  if (typeof value !== 'string' || value === '') return new Refusal(wanted);
  try {
    compileLinearPattern(value);
    return value;
  } catch (error) {
    return new Refusal(`${wanted} (${(error as Error).message})`);
  }
}

/** The only value of `present`: its opposite has a form of its own. */
export function parseTrue(value: unknown): true | Refusal {
  return value === true ? true : new Refusal('true; for "there is none" add "not: true"');
}

/** Share of the requests of a mirror. */
export function parsePercent(value: unknown): number | Refusal {
  if (typeof value === 'number' && value > 0 && value <= 100) return value;
  const meant = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*%?$/.exec(value)?.[1] : undefined;
  return new Refusal('a number above 0, up to 100', meant ?? '');
}

/** The status of `respond`. */
export function parseAnswerStatus(value: unknown): number | Refusal {
  const isStatus = Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599;
  if (isStatus) return Number(value);
  const meant = typeof value === 'string' && /^[2-5]\d\d$/.test(value) ? value : '';
  return new Refusal('a status from 200 to 599', meant);
}

/** The status of `redirect`. 300 and 304 are none, whatever their class. */
export function parseRedirectStatus(value: unknown): 301 | 302 | 303 | 307 | 308 | Refusal {
  const statuses = [301, 302, 303, 307, 308] as const;
  const status = statuses.find((known) => known === value);
  if (status !== undefined) return status;
  const meant = statuses.find((known) => String(known) === value);
  return new Refusal('one of 301, 302, 303, 307, 308', meant === undefined ? '' : String(meant));
}

/** The content of an answer, as text. */
export function parseBodyText(value: unknown): string | Refusal {
  if (typeof value === 'string' && value.isWellFormed()) return value;
  const isPlain = value !== null && typeof value === 'object';
  return new Refusal(isPlain ? 'a text; write JSON as one, in quotes' : 'a text');
}

/** The value of a header field that the proxy sends. */
export function parseFieldValue(value: unknown): string | Refusal {
  if (typeof value === 'number') return new Refusal('a text', String(value));
  const wanted = 'the value of a header field: one line of latin1 without spaces at its ends';
  if (typeof value !== 'string') return new Refusal(wanted);
  return FIELD_VALUE.test(value) ? value : new Refusal(wanted, valueMeant(value));
}

/** The value of `Content-Type`. */
export function parseContentType(value: unknown): string | Refusal {
  const wanted = 'a media type such as "text/html; charset=utf-8"';
  const isType =
    typeof value === 'string' && FIELD_VALUE.test(value) && /^[^\s/;]+\/[^\s/;]+(;|$)/.test(value);
  return isType ? value : new Refusal(wanted);
}

/** A spelling of paths that a route lets through. */
export function parseUnsafePath(value: unknown): UnsafePath | Refusal {
  const known = UNSAFE_PATHS.find((name) => name === value);
  if (known !== undefined) return known;
  const wanted = `one of ${UNSAFE_PATHS.map((name) => `"${name}"`).join(', ')}`;
  return new Refusal(wanted, nearestName(typeof value === 'string' ? value : '', UNSAFE_PATHS));
}

function valueMeant(value: string): string {
  const meant = value.replace(/\s*[\r\n]+\s*/g, ' ').trim();
  return FIELD_VALUE.test(meant) && meant !== '' ? meant : '';
}
