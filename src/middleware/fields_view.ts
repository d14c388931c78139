// Header fields of one message as middleware sees them: a HeaderBlock read and changed through
// strings. Names and values are checked here, so that nothing that middleware writes can end a line
// early or frame a body anew (RFC 9110 section 5.5, RFC 9112 section 11.1).

import { assert, VERIFY } from '../base/assert.ts';
import { ZProxyError } from '../base/errors.ts';
import { type FieldId, identifyField } from '../http/field_names.ts';
import type { HeaderBlock } from '../http/header_block.ts';
import { equalsIgnoreCase } from '../http/text.ts';
import type { ArenaText } from './arena_text.ts';
import { checkFieldName, checkFieldValue, type KnownField } from './field_checks.ts';
import { type FieldSide, fieldIdOf, refusalOf } from './field_rules.ts';
import type { FieldStore } from './field_store.ts';
import type { MiddlewareFields } from './middleware.ts';
import { findField } from './request_source.ts';
import type { ViewGate } from './view_gate.ts';

/** What the views of one worker share. */
export interface ViewMemory {
  readonly bytes: Uint8Array;
  readonly text: ArenaText;
}

/** Where the fields of a view lie; a run may point it at a copy of the message. */
export interface FieldsSource {
  readonly fields: HeaderBlock;
}

export class FieldsView implements MiddlewareFields {
  readonly #side: FieldSide;
  readonly #gate: ViewGate;
  readonly #source: FieldsSource;
  readonly #store: FieldStore;
  readonly #memory: ViewMemory;
  #changesCount = 0;

  constructor(
    side: FieldSide,
    gate: ViewGate,
    source: FieldsSource,
    store: FieldStore,
    memory: ViewMemory,
  ) {
    this.#side = side;
    this.#gate = gate;
    this.#source = source;
    this.#store = store;
    this.#memory = memory;
  }

  /** Grows with each change: what was derived from the fields is out of date then. */
  get changesCount(): number {
    return this.#changesCount;
  }

  get(name: string): string | null {
    this.#gate.checkRead();
    const { fields } = this.#source;
    const lowerName = name.toLowerCase();
    const index = this.#find(fields, lowerName, fieldIdOf(lowerName), 0);
    return index < 0 ? null : this.#valueAt(fields, index);
  }

  getAll(name: string): string[] {
    this.#gate.checkRead();
    const { fields } = this.#source;
    const lowerName = name.toLowerCase();
    const id = fieldIdOf(lowerName);
    const values: string[] = [];
    for (let i = this.#find(fields, lowerName, id, 0); i >= 0; ) {
      values.push(this.#valueAt(fields, i));
      i = this.#find(fields, lowerName, id, i + 1);
    }
    return values;
  }

  has(name: string): boolean {
    this.#gate.checkRead();
    const lowerName = name.toLowerCase();
    return this.#find(this.#source.fields, lowerName, fieldIdOf(lowerName), 0) >= 0;
  }

  set(name: string, value: string): void {
    this.#gate.checkWrite();
    const lowerName = checkFieldName(name, this.#side);
    this.#set(name, lowerName, fieldIdOf(lowerName), checkFieldValue(name, value));
  }

  append(name: string, value: string): void {
    this.#gate.checkWrite();
    const lowerName = checkFieldName(name, this.#side);
    this.#add(name, fieldIdOf(lowerName), checkFieldValue(name, value));
  }

  delete(name: string): boolean {
    this.#gate.checkWrite();
    const lowerName = checkFieldName(name, this.#side);
    return this.#delete(lowerName, fieldIdOf(lowerName), 0);
  }

  // --- for built-in middleware, which has checked its names when it was compiled ----------------

  setKnown(field: KnownField, value: string): void {
    this.#gate.checkWrite();
    this.#set(field.name, field.lowerName, field.id, checkFieldValue(field.name, value));
  }

  appendKnown(field: KnownField, value: string): void {
    this.#gate.checkWrite();
    this.#add(field.name, field.id, checkFieldValue(field.name, value));
  }

  deleteKnown(field: KnownField): void {
    this.#gate.checkWrite();
    this.#delete(field.lowerName, field.id, 0);
  }

  /** Removes all whose name begins so, but for those that middleware may not touch. */
  deletePrefix(lowerPrefix: string): void {
    this.#gate.checkWrite();
    const { fields } = this.#source;
    const { bytes } = this.#memory;
    for (let i = 0; i < fields.count; i++) {
      const start = fields.nameStart(i);
      const end = start + lowerPrefix.length;
      if (fields.isRemoved(i) || end > fields.nameEnd(i)) continue;
      if (!equalsIgnoreCase(bytes, start, end, lowerPrefix)) continue;
      if (refusalOf(fields.id(i), this.#side) === '') fields.remove(i);
    }
    this.#changesCount++;
  }

  entries(): [name: string, value: string][] {
    this.#gate.checkRead();
    const { fields } = this.#source;
    const { text } = this.#memory;
    const entries: [string, string][] = [];
    for (let i = 0; i < fields.count; i++) {
      if (fields.isRemoved(i)) continue;
      const name = text.of(fields.nameStart(i), fields.nameEnd(i)).toLowerCase();
      entries.push([name, this.#valueAt(fields, i)]);
    }
    return entries;
  }

  #valueAt(fields: HeaderBlock, index: number): string {
    return this.#memory.text.of(fields.valueStart(index), fields.valueEnd(index));
  }

  #set(name: string, lowerName: string, id: FieldId, value: string): void {
    const { fields } = this.#source;
    const index = this.#find(fields, lowerName, id, 0);
    if (index < 0) {
      this.#add(name, id, value);
      return;
    }
    const start = this.#store.put(value);
    fields.replaceValue(index, start, start + value.length);
    this.#delete(lowerName, id, index + 1);
    this.#changesCount++;
  }

  #add(name: string, id: FieldId, value: string): void {
    const { fields } = this.#source;
    if (!fields.hasRoom) throw tooManyError(name);
    const nameStart = this.#store.put(name);
    const valueStart = this.#store.put(value);
    const nameEnd = nameStart + name.length;
    if (VERIFY) {
      const { bytes } = this.#memory;
      assert(id === identifyField(bytes, nameStart, nameEnd), 'both tables know the same names');
    }
    fields.add(nameStart, nameEnd, valueStart, valueStart + value.length, id);
    this.#changesCount++;
  }

  #delete(lowerName: string, id: FieldId, from: number): boolean {
    const { fields } = this.#source;
    let index = this.#find(fields, lowerName, id, from);
    if (index < 0) return false;
    for (; index >= 0; index = this.#find(fields, lowerName, id, index + 1)) fields.remove(index);
    this.#changesCount++;
    return true;
  }

  #find(fields: HeaderBlock, lowerName: string, id: FieldId, from: number): number {
    return findField(this.#memory.bytes, fields, lowerName, id, from);
  }
}

function tooManyError(name: string): ZProxyError {
  return new ZProxyError(
    'ZP_FIELDS_TOO_MANY',
    `Middleware cannot add the field "${name}": the message has as many fields as a head may ` +
      'have; replace one, or add fewer.',
  );
}
