// Which fields middleware may touch, and what a name and a value are (RFC 9110 section 5). Fields
// that frame a message or concern one hop belong to the drivers; Host, Expect and Max-Forwards to
// the exchange, which has read them before any middleware runs.

import { BYTE_CLASS, ByteClass } from '../http/byte_class.ts';
import { FIELD_TRAITS, FieldId, FieldTrait, fieldName } from '../http/field_names.ts';

/** The side of a message that fields belong to. */
export type FieldSide = 'request' | 'response';

const SPACE = 0x20;
const TAB = 0x09;

/** Known names in lower case, and what they are. */
const KNOWN: ReadonlyMap<string, FieldId> = new Map(
  Object.values(FieldId)
    .filter((id) => id !== FieldId.UNKNOWN)
    .map((id) => [fieldName(id).toLowerCase(), id]),
);

/** Which known field `lowerName` is. */
export function fieldIdOf(lowerName: string): FieldId {
  return KNOWN.get(lowerName) ?? FieldId.UNKNOWN;
}

/** Whether `name` is a token (RFC 9110 section 5.1). */
export function isFieldName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code > 0xff || (BYTE_CLASS[code]! & ByteClass.TOKEN) === 0) return false;
  }
  return name.length > 0;
}

/**
 * Whether `value` has only what may stand in a field value: no CR, LF, NUL, nothing beyond latin1.
 */
export function isFieldValue(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code > 0xff || (BYTE_CLASS[code]! & ByteClass.VALUE) === 0) return false;
  }
  return true;
}

/** Without white space around it, which is no part of a value (RFC 9110 section 5.5). */
export function trimFieldValue(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isSpace(value.charCodeAt(start))) start++;
  while (end > start && isSpace(value.charCodeAt(end - 1))) end--;
  return start === 0 && end === value.length ? value : value.slice(start, end);
}

/** Why middleware may not touch a known field; '' where it may. */
export function refusalOf(id: FieldId, side: FieldSide): string {
  if (id === FieldId.UNKNOWN) return '';
  if (id === FieldId.CONTENT_LENGTH || id === FieldId.TRANSFER_ENCODING) {
    return 'it follows from the body';
  }
  if (id === FieldId.TRAILER || (FIELD_TRAITS[id]! & FieldTrait.HOP) !== 0) {
    return 'it concerns one connection only, and the proxy writes its own';
  }
  if (side === 'response') return '';
  if (id === FieldId.HOST) return 'set "hostHeader" of the upstream';
  if (id === FieldId.EXPECT || id === FieldId.MAX_FORWARDS) return 'the proxy has acted on it';
  return '';
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB;
}
