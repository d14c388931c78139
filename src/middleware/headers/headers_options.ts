// Options of the `headers` middleware: from what was written to compiled templates, with a sentence
// for whatever is wrong, so that nothing is left to go wrong for a request.

import { FieldId } from '../../http/field_names.ts';
import { type KnownField, knownField } from '../field_checks.ts';
import { type FieldSide, fieldIdOf, isFieldName, isFieldValue, refusalOf } from '../field_rules.ts';
import { isTemplateError, parseTemplate, type Template } from '../template.ts';

/** Changes to the header fields of one message, made in this order: remove, set, add. */
export interface HeaderChanges {
  /** Fields to take away; `prefix-*` stands for all names that begin so. */
  readonly remove?: string | readonly string[] | undefined;
  /** Values that replace all of that name. Templates: `{clientIp}`, `{params.id}`, ... */
  readonly set?: Readonly<Record<string, string>> | undefined;
  /** Values that are added to those that are there; templates, too. */
  readonly add?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

/** Options of `headers`. */
export interface HeadersOptions {
  /** On the way to the upstream. */
  readonly request?: HeaderChanges | undefined;
  /** On the way to the client; `{status}` is the response's. */
  readonly response?: HeaderChanges | undefined;
}

/** A field to write: its name, and the template of its value. */
export interface FieldTemplate {
  readonly field: KnownField;
  readonly value: Template;
}

/** Changes to one message, compiled. */
export interface CompiledChanges {
  readonly removeFields: readonly KnownField[];
  /** In lower case, without the `*`. */
  readonly removePrefixes: readonly string[];
  readonly set: readonly FieldTemplate[];
  readonly add: readonly FieldTemplate[];
}

/** Options, compiled; null where nothing is changed. */
export interface CompiledHeaders {
  readonly request: CompiledChanges | null;
  readonly response: CompiledChanges | null;
}

const SIDES: readonly FieldSide[] = ['request', 'response'];
const CHANGES: readonly string[] = ['remove', 'set', 'add'];

/** Compiles options. Throws an Error that says which key is wrong and what was wanted. */
export function parseHeadersOptions(options: unknown): CompiledHeaders {
  const sides = objectOf(options, '', SIDES);
  return {
    request: parseChanges(sides['request'], 'request'),
    response: parseChanges(sides['response'], 'response'),
  };
}

function parseChanges(written: unknown, side: FieldSide): CompiledChanges | null {
  if (written === undefined) return null;
  const changes = objectOf(written, side, CHANGES);
  const removed = parseRemoved(changes['remove'], side);
  const compiled: CompiledChanges = {
    removeFields: removed
      .filter((name) => !name.endsWith('*'))
      .map((name) => knownField(name, side)),
    removePrefixes: removed.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1)),
    set: parseFields(changes['set'], side, 'set'),
    add: parseFields(changes['add'], side, 'add'),
  };
  const count = removed.length + compiled.set.length + compiled.add.length;
  return count === 0 ? null : compiled;
}

/** Names in lower case. */
function parseRemoved(written: unknown, side: FieldSide): string[] {
  if (written === undefined) return [];
  const list: unknown = typeof written === 'string' ? [written] : written;
  const key = `${side}.remove`;
  if (!Array.isArray(list)) throw new Error(`${key}: wanted a header name or a list of them`);
  return list.map((name: unknown, index) => {
    const at = typeof written === 'string' ? key : `${key}[${index}]`;
    if (typeof name !== 'string') throw new Error(`${at}: wanted a header name`);
    const isPrefix = name.endsWith('*');
    checkName(isPrefix ? name.slice(0, -1) : name, at, isPrefix ? null : side);
    return name.toLowerCase();
  });
}

function parseFields(written: unknown, side: FieldSide, change: string): FieldTemplate[] {
  if (written === undefined) return [];
  const fields: FieldTemplate[] = [];
  for (const [name, value] of Object.entries(objectOf(written, `${side}.${change}`, null))) {
    const at = `${side}.${change}.${name}`;
    checkName(name, at, side);
    const field = knownField(name, side);
    const texts: readonly unknown[] = change === 'add' && Array.isArray(value) ? value : [value];
    for (const text of texts) fields.push({ field, value: parseValue(text, at, side) });
  }
  if (change === 'set') checkDistinct(fields, side);
  return fields;
}

function parseValue(written: unknown, at: string, side: FieldSide): Template {
  if (typeof written !== 'string') {
    throw new Error(`${at}: wanted a text${written === null ? ' (to remove it: "remove")' : ''}`);
  }
  if (!isFieldValue(written)) {
    throw new Error(`${at}: wanted a text without line breaks, NUL and characters above U+00FF`);
  }
  const template = parseTemplate(written, side);
  if (isTemplateError(template)) {
    const { unknown } = template;
    const trouble = unknown === '' ? '' : `"{${unknown}}" is unknown, `;
    throw new Error(`${at}: ${trouble}wanted ${template.wanted}`);
  }
  return template;
}

/** `side` is null for a prefix, which never covers a field that may not be touched. */
function checkName(name: string, at: string, side: FieldSide | null): void {
  if (!isFieldName(name)) throw new Error(`${at}: wanted a header name, not "${name}"`);
  if (side === null) return;
  const id = fieldIdOf(name.toLowerCase());
  const refusal = id === FieldId.UNKNOWN ? '' : refusalOf(id, side);
  if (refusal !== '') throw new Error(`${at}: "${name}" cannot be changed: ${refusal}`);
}

function checkDistinct(fields: readonly FieldTemplate[], side: FieldSide): void {
  const seen = new Map<string, string>();
  for (const { field } of fields) {
    const { name, lowerName } = field;
    const before = seen.get(lowerName);
    if (before !== undefined) {
      throw new Error(`${side}.set: "${before}" and "${name}" are one header; keep one of them`);
    }
    seen.set(lowerName, name);
  }
}

function objectOf(
  written: unknown,
  at: string,
  keys: readonly string[] | null,
): Readonly<Record<string, unknown>> {
  const where = at === '' ? '' : `${at}: `;
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    throw new Error(`${where}wanted ${keys === null ? 'names with values' : oneOf(keys)}`);
  }
  if (keys !== null) {
    const unknown = Object.keys(written).find((key) => !keys.includes(key));
    if (unknown !== undefined) {
      throw new Error(`${where}the key "${unknown}" is unknown, wanted ${oneOf(keys)}`);
    }
  }
  return written as Readonly<Record<string, unknown>>;
}

function oneOf(keys: readonly string[]): string {
  return keys.map((key) => `"${key}"`).join(', ');
}
