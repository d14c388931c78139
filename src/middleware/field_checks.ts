// The errors of names and values that middleware writes, for changed messages and answers alike.

import { ZProxyError } from '../base/errors.ts';
import type { FieldId } from '../http/field_names.ts';
import {
  type FieldSide,
  fieldIdOf,
  isFieldName,
  isFieldValue,
  refusalOf,
  trimFieldValue,
} from './field_rules.ts';

const SHOWN_CHARACTERS_MAX = 80;

/**
 * The name in lower case; throws ZP_FIELD_INVALID where it is none, or such a field is not
 * middleware's to write.
 */
export function checkFieldName(name: string, side: FieldSide): string {
  if (typeof name !== 'string' || !isFieldName(name)) {
    throw invalid(`"${shown(name)}" is no name of a header field; write a token (RFC 9110).`);
  }
  const lowerName = name.toLowerCase();
  const refusal = refusalOf(fieldIdOf(lowerName), side);
  if (refusal !== '') throw invalid(`The field "${name}" cannot be changed: ${refusal}.`);
  return lowerName;
}

/** A field name that was checked once, for many messages. */
export interface KnownField {
  readonly name: string;
  readonly lowerName: string;
  readonly id: FieldId;
}

/** Throws ZP_FIELD_INVALID as `checkFieldName` does. */
export function knownField(name: string, side: FieldSide): KnownField {
  const lowerName = checkFieldName(name, side);
  return { name, lowerName, id: fieldIdOf(lowerName) };
}

/** The value without white space around it; throws ZP_FIELD_INVALID where it is none. */
export function checkFieldValue(name: string, value: string): string {
  if (typeof value === 'string' && isFieldValue(value)) return trimFieldValue(value);
  throw invalid(
    `The value "${shown(value)}" cannot be sent in the field "${name}"; write a text without ` +
      'line breaks, control characters and characters above U+00FF (percent-encode them).',
  );
}

/** What an author wrote, fit for one line of a log. */
export function shown(value: unknown): string {
  const text = String(value).replace(/[^ -~]/g, '?');
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}...` : text;
}

function invalid(message: string): ZProxyError {
  return new ZProxyError('ZP_FIELD_INVALID', message);
}
