// The path of a route as users write it, parsed. Config-time only: requests are matched against
// what route_table_data.ts makes of it.
//
//   /users/:id            a parameter takes at least one byte of its segment, never a slash
//   /users/:id(\\d+)      its whole value must match (V8's linear engine)
//   /v:major.json         text before and behind it; several need text between them (/:from-:to)
//   /users/:id?           the last segment may be missing: /users, too
//   /files/*rest          the rest, slashes included; may be empty: /files/ but not /files
//   /a::b                 a colon
//
// Text is case-sensitive, and brought into the form that request paths are matched in
// (http/target.ts, path_spelling.ts).

import { PATH_PARAMETERS_COUNT_MAX, PATH_PATTERN_SEGMENTS_COUNT_MAX } from '../base/limits.ts';
import { compileLinearPattern } from '../base/linear_pattern.ts';
import { normalizeEscapes } from '../http/target.ts';
import { respelledText } from './path_spelling.ts';
import { PatternProblem } from './pattern_problem.ts';
import { segmentSource } from './segment_source.ts';

/** A piece of a segment. */
export type PathPart =
  | { readonly kind: 'text'; readonly text: string }
  /** `pattern` is the source of a regular expression without anchors; '' for none. */
  | { readonly kind: 'parameter'; readonly name: string; readonly pattern: string };

/** What stands between two slashes; no part at all for an empty segment. */
export type PathSegment = readonly PathPart[];

export interface PathPattern {
  /** Those before the wildcard. */
  readonly segments: readonly PathSegment[];
  /** Name of the wildcard behind the segments, `*` where it has none; '' for no wildcard. */
  readonly wildcard: string;
  /** The last segment, with its slash, may be missing. */
  readonly isLastOptional: boolean;
}

const SEGMENT_WANTED = 'a path such as "/health", "/users/:id" or "/files/*"';
const NAME_START = /[A-Za-z_]/;
const NAME = /[A-Za-z0-9_]*/y;

/** Parses the path pattern of a route. */
export function parsePathPattern(text: string): PathPattern | PatternProblem {
  const unfit = checkText(text);
  if (unfit !== null) return unfit;
  const pattern = new PathReader(text).read();
  if (pattern instanceof PatternProblem) return pattern;
  return checkPattern(pattern) ?? pattern;
}

/** Reads a pattern in its normal form again. It has been checked: problems are our bug. */
export function readPathPattern(normal: string): PathPattern {
  const pattern = new PathReader(normal).read();
  if (pattern instanceof PatternProblem) throw new TypeError(`no path pattern: ${normal}`);
  return pattern;
}

/** The paths that a pattern stands for: with its last segment, and without where it is optional. */
export function pathVariants(pattern: PathPattern): PathPattern[] {
  if (!pattern.isLastOptional) return [pattern];
  const whole: PathPattern = { ...pattern, isLastOptional: false };
  const shorter = pattern.segments.slice(0, -1);
  return [whole, { ...whole, segments: shorter.length === 0 ? [[]] : shorter }];
}

/** The pattern's normal form. Parsing it again yields the same pattern. */
export function formatPathPattern(pattern: PathPattern): string {
  return format(pattern, (name) => name);
}

/** The pattern without names: patterns of the same shape match the same paths. */
export function pathShape(pattern: PathPattern): string {
  return format(pattern, () => '');
}

/** A segment without names, what its matching depends on. */
export function segmentShape(segment: PathSegment): string {
  return formatSegment(segment, () => '');
}

/** Names of all parameters, the wildcard last, in the order of their values. */
export function parameterNames(pattern: PathPattern): string[] {
  const names: string[] = [];
  for (const segment of pattern.segments) {
    for (const part of segment) if (part.kind === 'parameter') names.push(part.name);
  }
  if (pattern.wildcard !== '') names.push(pattern.wildcard);
  return names;
}

function format(pattern: PathPattern, nameOf: (name: string) => string): string {
  let text = '';
  for (const segment of pattern.segments) text += `/${formatSegment(segment, nameOf)}`;
  if (pattern.wildcard !== '') {
    const name = pattern.wildcard === '*' ? '' : nameOf(pattern.wildcard);
    text += `/*${name}`;
  }
  return pattern.isLastOptional ? `${text}?` : text;
}

function formatSegment(segment: PathSegment, nameOf: (name: string) => string): string {
  let text = '';
  let isBehindName = false;
  for (const part of segment) {
    if (part.kind === 'text') text += formatText(part.text, isBehindName);
    else text += `:${nameOf(part.name)}${part.pattern === '' ? '' : `(${part.pattern})`}`;
    isBehindName = part.kind === 'parameter' && part.pattern === '';
  }
  return text;
}

/** Text that would read as syntax is written so that it does not. */
function formatText(text: string, isBehindName: boolean): string {
  const first = isBehindName && text.startsWith('(') ? `%28${text.slice(1)}` : text;
  return first.replaceAll(':', '::').replaceAll('*', '%2A');
}

/** What can be said of the text as a whole; null where it may be read. */
function checkText(text: string): PatternProblem | null {
  if (!text.startsWith('/')) return new PatternProblem(SEGMENT_WANTED, `/${text}`);
  if (/[^\x21-\x7e]/.test(text)) {
    const wanted = 'a path of visible ASCII, other characters escaped';
    return new PatternProblem(wanted, text.isWellFormed() ? escapeText(text) : '');
  }
  return null;
}

/** What a pattern that could be read may still not be; null where it is fine. */
function checkPattern(pattern: PathPattern): PatternProblem | null {
  const names = parameterNames(pattern);
  for (let i = 0; i < names.length; i++) {
    if (names.indexOf(names[i]!) === i) continue;
    return new PatternProblem(`a path with one parameter of the name "${names[i]!}"`);
  }
  if (names.length > PATH_PARAMETERS_COUNT_MAX) {
    return new PatternProblem(`a path of at most ${PATH_PARAMETERS_COUNT_MAX} parameters`);
  }
  if (pattern.segments.length > PATH_PATTERN_SEGMENTS_COUNT_MAX) {
    return new PatternProblem(`a path of at most ${PATH_PATTERN_SEGMENTS_COUNT_MAX} segments`);
  }
  for (const segment of pattern.segments) {
    const text = segment.length === 1 && segment[0]!.kind === 'text' ? segment[0]!.text : '';
    if (text !== '.' && text !== '..') continue;
    const wanted = 'a path without "." and ".." segments';
    return new PatternProblem(wanted, formatPathPattern(withoutDots(pattern)));
  }
  for (const segment of pattern.segments) {
    const problem = checkSegment(segment);
    if (problem !== null) return problem;
  }
  return null;
}

function checkSegment(segment: PathSegment): PatternProblem | null {
  let patternsCount = 0;
  for (const part of segment) {
    if (part.kind !== 'parameter' || part.pattern === '') continue;
    const problem = checkParameter(part.name, part.pattern);
    if (problem !== null) return problem;
    patternsCount++;
  }
  if (patternsCount < 2) return null;
  try {
    // Each may be fine and both not, such as two groups of one name.
    compileLinearPattern(segmentSource(segment).source);
    return null;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return new PatternProblem(`patterns that work together in one segment (${cause.message})`);
  }
}

function checkParameter(name: string, pattern: string): PatternProblem | null {
  if (pattern === '') return null;
  try {
    compileLinearPattern(`^(?:${pattern})$`);
    // Parentheses that only balance together: `a)(b`.
    compileLinearPattern(pattern);
    return null;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return new PatternProblem(
      `a regular expression of V8's linear engine for the parameter "${name}" (${cause.message})`,
    );
  }
}

/** RFC 3986 section 5.2.4 on the segments, for a suggestion. */
function withoutDots(pattern: PathPattern): PathPattern {
  const segments: PathSegment[] = [];
  pattern.segments.forEach((segment, index) => {
    const part = segment.length === 1 ? segment[0]! : null;
    const text = part?.kind === 'text' ? part.text : '';
    if (text !== '.' && text !== '..') {
      segments.push(segment);
      return;
    }
    if (text === '..') segments.pop();
    const isLast = index === pattern.segments.length - 1 && pattern.wildcard === '';
    if (isLast) segments.push([]);
  });
  return { ...pattern, segments };
}

function escapeText(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]+/g, (piece) => encodeURIComponent(piece));
}

/** Reads a text that begins with a slash and is visible ASCII, once from left to right. */
class PathReader {
  readonly #text: string;
  #at = 0;
  readonly #segments: PathSegment[] = [];
  #parts: PathPart[] = [];
  #literal = '';

  constructor(text: string) {
    this.#text = text;
  }

  read(): PathPattern | PatternProblem {
    const text = this.#text;
    this.#at = 1;
    let wildcard = '';
    let isLastOptional = false;
    while (this.#at < text.length) {
      const character = text[this.#at]!;
      if (character === '/') {
        const problem = this.#endSegment();
        if (problem !== null) return problem;
        this.#at++;
      } else if (character === '?') {
        if (this.#at !== text.length - 1) return this.#refuseQuery();
        isLastOptional = true;
        this.#at++;
      } else if (character === '*') {
        const name = this.#readWildcard();
        if (name instanceof PatternProblem) return name;
        wildcard = name;
      } else {
        const problem = this.#readPiece(character);
        if (problem !== null) return problem;
      }
    }
    if (wildcard !== '') return { segments: this.#segments, wildcard, isLastOptional: false };
    const isEmpty = this.#parts.length === 0 && this.#literal === '';
    if (isLastOptional && isEmpty) {
      return new PatternProblem(
        'a segment before the "?" that makes it optional',
        text.slice(0, -1),
      );
    }
    const problem = this.#endSegment();
    return problem ?? { segments: this.#segments, wildcard, isLastOptional };
  }

  /** One character of text, an escape, or a parameter. */
  #readPiece(character: string): PatternProblem | null {
    const text = this.#text;
    switch (character) {
      case ':':
        if (text[this.#at + 1] !== ':') return this.#readParameter();
        this.#literal += ':';
        this.#at += 2;
        return null;
      case '%': {
        const triplet = text.slice(this.#at, this.#at + 3);
        if (!/^%[0-9a-fA-F]{2}$/.test(triplet)) {
          const wanted = 'a path whose "%" is written as "%25"';
          return new PatternProblem(wanted, text.replaceAll(/%(?![0-9a-fA-F]{2})/g, '%25'));
        }
        if (triplet === '%00') return new PatternProblem('a path without NUL');
        this.#literal += triplet;
        this.#at += 3;
        return null;
      }
      case '#':
        return new PatternProblem('a path without fragment', text.slice(0, this.#at));
      default:
        this.#literal += character;
        this.#at++;
        return null;
    }
  }

  #readParameter(): PatternProblem | null {
    const text = this.#text;
    const colon = this.#at;
    if (!NAME_START.test(text[colon + 1] ?? '')) {
      const escaped = `${text.slice(0, colon)}::${text.slice(colon + 1)}`;
      const wanted = 'a name (letters, digits, "_") behind ":", or "::" for a colon';
      return new PatternProblem(wanted, escaped);
    }
    NAME.lastIndex = colon + 1;
    const name = NAME.exec(text)![0];
    this.#at = NAME.lastIndex;
    const pattern = text[this.#at] === '(' ? this.#readRegExp(name) : '';
    if (pattern instanceof PatternProblem) return pattern;
    const problem = this.#endText();
    if (problem !== null) return problem;
    if (this.#parts.at(-1)?.kind === 'parameter') {
      const wanted = `text between two parameters of a segment ("${name}" and the one before it)`;
      return new PatternProblem(wanted, `${text.slice(0, colon)}-${text.slice(colon)}`);
    }
    this.#parts.push({ kind: 'parameter', name, pattern });
    return null;
  }

  /** `(pattern)`, up to the parenthesis that closes it. */
  #readRegExp(name: string): string | PatternProblem {
    const text = this.#text;
    const open = this.#at;
    let depth = 0;
    let isInClass = false;
    for (let i = open; i < text.length; i++) {
      const character = text[i]!;
      if (character === '\\') i++;
      else if (isInClass) isInClass = character !== ']';
      else if (character === '[') isInClass = true;
      else if (character === '(') depth++;
      else if (character === ')' && --depth === 0) {
        this.#at = i + 1;
        const source = withoutAnchors(text.slice(open + 1, i));
        if (source !== '') return source;
        return new PatternProblem(`a regular expression for the parameter "${name}"`);
      }
    }
    return new PatternProblem(`a ")" behind the pattern of the parameter "${name}"`, `${text})`);
  }

  /** `*` or `*name`, where it may stand: as the last segment. */
  #readWildcard(): string | PatternProblem {
    const text = this.#text;
    const star = this.#at;
    const wanted = 'a wildcard as the whole last segment ("/files/*", "/files/*rest")';
    const isSegmentStart = this.#parts.length === 0 && this.#literal === '';
    if (!isSegmentStart) {
      const slash = text.lastIndexOf('/', star);
      return new PatternProblem(wanted, `${text.slice(0, slash)}/*`);
    }
    NAME.lastIndex = star + 1;
    const name = NAME_START.test(text[star + 1] ?? '') ? NAME.exec(text)![0] : '';
    this.#at = star + 1 + name.length;
    if (this.#at !== text.length) return new PatternProblem(wanted, text.slice(0, this.#at));
    return name === '' ? '*' : name;
  }

  #refuseQuery(): PatternProblem {
    const wanted = 'a path without query ("query" has conditions on parameters)';
    return new PatternProblem(wanted, this.#text.slice(0, this.#at));
  }

  #endText(): PatternProblem | null {
    if (this.#literal === '') return null;
    const text = normalText(this.#literal);
    this.#literal = '';
    const before = this.#parts.at(-1);
    // `:id%41` would read `:idA` in its normal form.
    if (before?.kind === 'parameter' && before.pattern === '' && /^[A-Za-z0-9_]/.test(text)) {
      return new PatternProblem(`text behind ":${before.name}" that cannot be part of the name`);
    }
    this.#parts.push({ kind: 'text', text });
    return null;
  }

  #endSegment(): PatternProblem | null {
    const problem = this.#endText();
    this.#segments.push(this.#parts);
    this.#parts = [];
    return problem;
  }
}

/** `^` in front and `$` at the end mean nothing: a pattern is held against the whole value. */
function withoutAnchors(source: string): string {
  const from = source.startsWith('^') ? 1 : 0;
  const escapes = /\\*(?=\$$)/.exec(source)?.[0].length ?? 0;
  const isAnchored = source.endsWith('$') && escapes % 2 === 0;
  return source.slice(from, isAnchored ? -1 : undefined);
}

/** Text in the form that request paths are matched in, made by the same functions. */
function normalText(text: string): string {
  if (!text.includes('%')) return text;
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const end = normalizeEscapes(bytes, 0, bytes.length);
  return respelledText(String.fromCharCode(...bytes.subarray(0, end)));
}
