// Shapes that values may have beside their full one: a text in place of an object, one thing in
// place of a list. The schema library sees the full one; what else may be written is kept in a
// registry, for the JSON Schema that editors use.

import * as z from 'zod';

/** A piece of JSON Schema that says what may be written for a leaf. */
export type JsonForm = Readonly<Record<string, unknown>>;

export const TEXT_FORM: JsonForm = { type: 'string' };
export const SWITCH_FORM: JsonForm = { type: 'boolean' };

/** What may stand in place of the full form: other forms, or (`'item'`) one item of the list. */
export interface ShortForm {
  readonly also: readonly JsonForm[] | 'item';
}

/** By schema, for tools that describe it. */
export const SHORT_FORMS: z.core.$ZodRegistry<ShortForm> = z.registry<ShortForm>();

/** An object, or something shorter that `expand` makes one of. */
export function shorthand<T>(
  expand: (value: unknown) => unknown,
  also: readonly JsonForm[],
  object: z.ZodType<T>,
): z.ZodType<T> {
  const schema = z.preprocess((value) => (isObject(value) ? value : expand(value)), object);
  return schema.register(SHORT_FORMS, { also }) as unknown as z.ZodType<T>;
}

/** A list that is not empty, or one item of it. */
export function oneOrMany<T>(item: z.ZodType<T>, wanted: string): z.ZodType<readonly T[]> {
  const list = z.array(item).min(1, wanted);
  const schema = z.preprocess((value) => (Array.isArray(value) ? value : [value]), list);
  return schema.register(SHORT_FORMS, { also: 'item' }) as unknown as z.ZodType<readonly T[]>;
}

/** Whether it is an object with keys, and no list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
