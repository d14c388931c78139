// Runs the programs of segment_program.ts over the bytes of one segment. Only the two kinds that
// need the linear engine make strings.

import { compileLinearPattern } from '../base/linear_pattern.ts';
import { latin1Text } from '../http/text.ts';
import {
  CLASS_STRIDE,
  PARAMETER_CLASS,
  PARAMETER_COUNT_MAX,
  PARAMETER_COUNT_MIN,
  PARAMETER_GROUP,
  PARAMETER_PATTERN,
  PARAMETER_STRIDE,
  PARAMETER_TEXT_LENGTH,
  PARAMETER_TEXT_START,
  PROGRAM_COUNT,
  PROGRAM_HEAD,
  PROGRAM_KIND,
  PROGRAM_PREFIX_LENGTH,
  PROGRAM_PREFIX_START,
  ProgramKind,
} from './segment_program.ts';

/** Regular expressions that are compiled when they are first asked. */
export class PatternList {
  readonly #sources: readonly string[];
  readonly #compiled: (RegExp | null)[];

  constructor(sources: readonly string[]) {
    this.#sources = sources;
    this.#compiled = new Array<RegExp | null>(sources.length).fill(null);
  }

  at(index: number): RegExp {
    const compiled = this.#compiled[index]!;
    if (compiled !== null) return compiled;
    const pattern = compileLinearPattern(this.#sources[index]!);
    this.#compiled[index] = pattern;
    return pattern;
  }
}

export class SegmentMatcher {
  readonly #code: Int32Array;
  readonly #classes: Uint8Array;
  readonly #text: Uint8Array;
  readonly #patterns: PatternList;

  constructor(code: Int32Array, classes: Uint8Array, text: Uint8Array, patterns: PatternList) {
    this.#code = code;
    this.#classes = classes;
    this.#text = text;
    this.#patterns = patterns;
  }

  /**
   * Whether `bytes[start, end)` matches; writes start and end of each parameter at `params[at]`.
   */
  match(
    program: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    params: Int32Array,
    at: number,
  ): boolean {
    const code = this.#code;
    switch (code[program + PROGRAM_KIND]) {
      case ProgramKind.TEXTS:
        return this.#matchTexts(program, bytes, start, end, params, at);
      case ProgramKind.CLASSES:
        return this.#matchClasses(program, bytes, start, end, params, at);
      case ProgramKind.PATTERN:
        return this.#matchPattern(program, bytes, start, end, params, at);
      default:
        return this.#matchPatterns(program, bytes, start, end, params, at);
    }
  }

  /** How many parameters it writes. */
  paramsCount(program: number): number {
    return this.#code[program + PROGRAM_COUNT]!;
  }

  // The text behind each parameter is looked for from the left, that of the last one at the end:
  // taking the first place that fits never loses a match, so nothing is tried twice.
  #matchTexts(
    program: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    params: Int32Array,
    paramsAt: number,
  ): boolean {
    const code = this.#code;
    let at = this.#skipPrefix(program, bytes, start, end);
    if (at < 0) return false;
    const count = code[program + PROGRAM_COUNT]!;
    let parameter = program + PROGRAM_HEAD;
    let out = paramsAt;
    for (let i = 1; i < count; i++) {
      const valueEnd = this.#find(parameter, bytes, at + 1, end);
      if (valueEnd < 0) return false;
      params[out] = at;
      params[out + 1] = valueEnd;
      out += 2;
      at = valueEnd + code[parameter + PARAMETER_TEXT_LENGTH]!;
      parameter += PARAMETER_STRIDE;
    }
    const valueEnd = end - code[parameter + PARAMETER_TEXT_LENGTH]!;
    params[out] = at;
    params[out + 1] = valueEnd;
    return at < valueEnd && this.#isTextAt(parameter, bytes, valueEnd, end);
  }

  #matchClasses(
    program: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    params: Int32Array,
    paramsAt: number,
  ): boolean {
    const code = this.#code;
    const classes = this.#classes;
    let at = this.#skipPrefix(program, bytes, start, end);
    if (at < 0) return false;
    const stop = program + PROGRAM_HEAD + code[program + PROGRAM_COUNT]! * PARAMETER_STRIDE;
    let out = paramsAt;
    for (let parameter = program + PROGRAM_HEAD; parameter < stop; parameter += PARAMETER_STRIDE) {
      const members = code[parameter + PARAMETER_CLASS]! * CLASS_STRIDE;
      const from = at;
      const limit = Math.min(end, from + code[parameter + PARAMETER_COUNT_MAX]!);
      while (at < limit && classes[members + bytes[at]!] === 1) at++;
      if (at - from < code[parameter + PARAMETER_COUNT_MIN]!) return false;
      params[out] = from;
      params[out + 1] = at;
      out += 2;
      if (!this.#isTextAt(parameter, bytes, at, end)) return false;
      at += code[parameter + PARAMETER_TEXT_LENGTH]!;
    }
    return at === end;
  }

  #matchPattern(
    program: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    params: Int32Array,
    paramsAt: number,
  ): boolean {
    const code = this.#code;
    const at = this.#skipPrefix(program, bytes, start, end);
    const parameter = program + PROGRAM_HEAD;
    const valueEnd = end - code[parameter + PARAMETER_TEXT_LENGTH]!;
    if (at < 0 || at >= valueEnd || !this.#isTextAt(parameter, bytes, valueEnd, end)) return false;
    params[paramsAt] = at;
    params[paramsAt + 1] = valueEnd;
    const pattern = this.#patterns.at(code[parameter + PARAMETER_PATTERN]!);
    return pattern.test(latin1Text(bytes, at, valueEnd));
  }

  #matchPatterns(
    program: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    params: Int32Array,
    paramsAt: number,
  ): boolean {
    const code = this.#code;
    let parameter = program + PROGRAM_HEAD;
    const pattern = this.#patterns.at(code[parameter + PARAMETER_PATTERN]!);
    const found = pattern.exec(latin1Text(bytes, start, end));
    if (found === null) return false;
    const count = code[program + PROGRAM_COUNT]!;
    let at = start + code[program + PROGRAM_PREFIX_LENGTH]!;
    for (let i = 0; i < count; i++, parameter += PARAMETER_STRIDE) {
      const valueEnd = at + found[code[parameter + PARAMETER_GROUP]!]!.length;
      if (at === valueEnd) return false;
      params[paramsAt + i * 2] = at;
      params[paramsAt + i * 2 + 1] = valueEnd;
      at = valueEnd + code[parameter + PARAMETER_TEXT_LENGTH]!;
    }
    return true;
  }

  // Behind the text that the segment must begin with, or -1.
  #skipPrefix(program: number, bytes: Uint8Array, start: number, end: number): number {
    const length = this.#code[program + PROGRAM_PREFIX_LENGTH]!;
    if (end - start < length) return -1;
    const text = this.#text;
    const textStart = this.#code[program + PROGRAM_PREFIX_START]!;
    for (let i = 0; i < length; i++) {
      if (bytes[start + i] !== text[textStart + i]) return -1;
    }
    return start + length;
  }

  #isTextAt(parameter: number, bytes: Uint8Array, at: number, end: number): boolean {
    const length = this.#code[parameter + PARAMETER_TEXT_LENGTH]!;
    if (end - at < length) return false;
    const text = this.#text;
    const textStart = this.#code[parameter + PARAMETER_TEXT_START]!;
    for (let i = 0; i < length; i++) {
      if (bytes[at + i] !== text[textStart + i]) return false;
    }
    return true;
  }

  // The first place at or behind `from` where the text behind a parameter stands, or -1.
  #find(parameter: number, bytes: Uint8Array, from: number, end: number): number {
    const last = end - this.#code[parameter + PARAMETER_TEXT_LENGTH]!;
    const first = this.#text[this.#code[parameter + PARAMETER_TEXT_START]!];
    for (let at = from; at <= last; at++) {
      if (bytes[at] === first && this.#isTextAt(parameter, bytes, at, end)) return at;
    }
    return -1;
  }
}
