// The conditions of routes beside host, path and method as integers: compiled here, run by
// condition_matcher.ts. Equal lists of conditions are stored once.
//
//   | on | what | name start | name length | test | value start | value length | negated |
//     SCHEME   what: 1 for https              HEADER  what: FieldId
//     ADDRESS  what: index of the ranges      PATTERN value start: index of the pattern

import type { AddressRange } from '../base/address_ranges.ts';
import { FieldId, identifyField } from '../http/field_names.ts';
import type { RouteConditions, ValueCondition } from './route.ts';
import type { TextPool } from './text_pool.ts';

export const ConditionOn = {
  SCHEME: 0,
  HEADER: 1,
  QUERY: 2,
  COOKIE: 3,
  ADDRESS: 4,
  /** The decoder takes it out of the fields (RFC 9110 section 7.6.1) and notes its value. */
  UPGRADE: 5,
} as const;
export const ConditionTest = { PRESENT: 0, EXACT: 1, PREFIX: 2, PATTERN: 3 } as const;

/** Offsets into a condition. */
export const CONDITION_STRIDE = 8;
export const CONDITION_ON = 0;
export const CONDITION_WHAT = 1;
export const CONDITION_NAME_START = 2;
export const CONDITION_NAME_LENGTH = 3;
export const CONDITION_TEST = 4;
export const CONDITION_VALUE_START = 5;
export const CONDITION_VALUE_LENGTH = 6;
export const CONDITION_NEGATED = 7;

const ONS = { header: ConditionOn.HEADER, query: ConditionOn.QUERY, cookie: ConditionOn.COOKIE };

/** How many matchers a route has: what decides between routes of the same host, path and method. */
export function matchersCount(conditions: RouteConditions): number {
  const scheme = conditions.scheme === '' ? 0 : 1;
  return scheme + conditions.values.length + (conditions.clientAddress === null ? 0 : 1);
}

export class ConditionBuilder {
  readonly #pool: TextPool;
  readonly #addPattern: (source: string) => number;
  readonly #code: number[] = [];
  readonly #starts = new Map<string, number>();
  readonly #ranges: (readonly AddressRange[])[] = [];

  constructor(pool: TextPool, addPattern: (source: string) => number) {
    this.#pool = pool;
    this.#addPattern = addPattern;
  }

  /** Index of the first condition of a route; there are `matchersCount` of them. */
  add(conditions: RouteConditions): number {
    if (matchersCount(conditions) === 0) return 0;
    const { scheme, values, clientAddress } = conditions;
    const key = JSON.stringify([scheme, values, clientAddress]);
    const known = this.#starts.get(key);
    if (known !== undefined) return known;
    const start = this.#code.length / CONDITION_STRIDE;
    this.#starts.set(key, start);
    // Cheapest first: all of them must hold.
    if (scheme !== '') this.#push(ConditionOn.SCHEME, scheme === 'https' ? 1 : 0, '', false);
    for (const value of values) this.#addValue(value);
    if (clientAddress !== null) {
      const index = this.#ranges.push(clientAddress.ranges) - 1;
      this.#push(ConditionOn.ADDRESS, index, '', clientAddress.isNegated);
    }
    return start;
  }

  code(): Int32Array {
    return Int32Array.from(this.#code);
  }

  addressRanges(): (readonly AddressRange[])[] {
    return this.#ranges;
  }

  #addValue(condition: ValueCondition): void {
    const what = condition.on === 'header' ? fieldIdOf(condition.name) : 0;
    const on = what === FieldId.UPGRADE ? ConditionOn.UPGRADE : ONS[condition.on];
    this.#push(on, what, condition.name, condition.isNegated);
    const at = this.#code.length - CONDITION_STRIDE;
    const { test } = condition;
    if (test.kind === 'present') return;
    if (test.kind === 'pattern') {
      this.#code[at + CONDITION_TEST] = ConditionTest.PATTERN;
      this.#code[at + CONDITION_VALUE_START] = this.#addPattern(test.value);
      return;
    }
    this.#code[at + CONDITION_TEST] =
      test.kind === 'exact' ? ConditionTest.EXACT : ConditionTest.PREFIX;
    this.#code[at + CONDITION_VALUE_START] = this.#pool.add(test.value);
    this.#code[at + CONDITION_VALUE_LENGTH] = this.#pool.lastLength;
  }

  #push(on: number, what: number, name: string, isNegated: boolean): void {
    const start = this.#pool.add(name);
    const length = this.#pool.lastLength;
    this.#code.push(on, what, start, length, ConditionTest.PRESENT, 0, 0, isNegated ? 1 : 0);
  }
}

function fieldIdOf(name: string): FieldId {
  const bytes = new TextEncoder().encode(name);
  return name === '' ? FieldId.UNKNOWN : identifyField(bytes, 0, bytes.length);
}
