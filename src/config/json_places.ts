// Where the values of a JSON text stand. The text has passed JSON.parse: what is checked here is
// only what that does not tell, keys that stand twice in one object (it takes the last one).

import { PlaceCollection, type PlaceNode } from './position_tree.ts';

export interface JsonPlaces {
  readonly place: PlaceNode;
  /** Each with a sentence without a full stop. */
  readonly faults: readonly { readonly text: string; readonly offset: number }[];
}

/** The same as the YAML parser's. */
const DEPTH_MAX = 100;

const STRING = /"(?:[^"\\]|\\.)*"/y;
/** A number or a word. */
const BARE = /[^\s,\]}]+/y;
const SPACE = /\s*/y;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;

/** Scans valid JSON. */
export function scanJson(text: string): JsonPlaces {
  const scanner = new Scanner(text);
  const place = scanner.value();
  return { place, faults: scanner.faults };
}

class Scanner {
  readonly faults: { readonly text: string; readonly offset: number }[];
  readonly #text: string;
  #position: number;
  #depth: number;

  constructor(text: string) {
    this.faults = [];
    this.#text = text;
    this.#position = 0;
    this.#depth = 0;
  }

  value(): PlaceNode {
    this.#skip(SPACE);
    const start = this.#position;
    switch (this.#text.charCodeAt(start)) {
      case BRACE_OPEN:
      case BRACKET_OPEN:
        return this.#collection(start);
      case QUOTE:
        this.#skip(STRING);
        return start;
      default:
        this.#skip(BARE);
        return start;
    }
  }

  #collection(start: number): PlaceNode {
    if (this.#depth === DEPTH_MAX) {
      this.faults.push({ text: `values are nested more than ${DEPTH_MAX} deep`, offset: start });
      this.#position = this.#text.length; // nothing more is read
      return start;
    }
    this.#depth++;
    const isList = this.#text.charCodeAt(start) === BRACKET_OPEN;
    const place = isList ? this.#list(start) : this.#object(start);
    this.#depth--;
    return place;
  }

  #object(start: number): PlaceCollection {
    const place = new PlaceCollection(start, false);
    const seen = new Set<string>();
    this.#position++;
    while (!this.#isAtEnd(BRACE_CLOSE)) {
      const offset = this.#position;
      this.#skip(STRING);
      const name = JSON.parse(this.#text.slice(offset, this.#position)) as string;
      if (seen.has(name)) {
        const text = `the key ${JSON.stringify(name)} stands twice in one object`;
        this.faults.push({ text, offset });
      }
      seen.add(name);
      this.#skip(SPACE);
      this.#position++; // the colon
      place.names!.push(name);
      place.keyStarts.push(offset);
      place.values.push(this.value());
    }
    return place;
  }

  #list(start: number): PlaceCollection {
    const place = new PlaceCollection(start, true);
    this.#position++;
    while (!this.#isAtEnd(BRACKET_CLOSE)) place.values.push(this.value());
    return place;
  }

  /** Steps over what stands before the next item, or over the end. */
  #isAtEnd(close: number): boolean {
    this.#skip(SPACE);
    const next = this.#text.charCodeAt(this.#position);
    if (next === close || next === COMMA) this.#position++;
    this.#skip(SPACE);
    return next === close || this.#position >= this.#text.length;
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#position;
    if (pattern.test(this.#text)) this.#position = pattern.lastIndex;
  }
}
