// From the events of the YAML parser to plain data and the places of its values, in one pass.
// Aliases share what they stand for, merge keys (`<<`) are filled in, keys that stand twice are
// collected. Tags are taken where they say what a value is anyway (`!!str`); ZProxy has none of
// its own.

import { EVENT_ID, type Event, getScalarValue, SCALAR_STYLE, type ScalarEvent } from 'js-yaml';
import type { KeyPath } from './key_path.ts';
import { PlaceCollection, type PlaceNode, startOf } from './position_tree.ts';
import { plainScalar } from './yaml_scalar.ts';

/** Something that cannot be read; `text` is a sentence without a full stop. */
export interface YamlFault {
  readonly text: string;
  readonly offset: number;
}

/** A value with its place. */
export interface YamlNode {
  readonly value: unknown;
  readonly place: PlaceNode;
}

/** The value of a scalar at `path`; `isPlain`: not quoted, so that it may be a number. */
export type ScalarReader = (text: string, isPlain: boolean, path: KeyPath) => unknown;

/**
 * Values that aliases may add to a file: aliases of aliases would otherwise make millions of a few
 * lines.
 */
const ALIASED_VALUES_MAX = 100_000;

const SCALAR_TAGS: ReadonlySet<string> = new Set(['!!int', '!!float', '!!bool', '!!null']);

type ContentEvent = Extract<Event, { readonly anchorStart: number; readonly tagStart: number }>;

interface Anchored extends YamlNode {
  /** Values in it, itself included. */
  readonly count: number;
}

export class YamlComposer {
  readonly faults: YamlFault[];
  readonly #text: string;
  readonly #events: readonly Event[];
  readonly #readScalar: ScalarReader;
  readonly #anchors: Map<string, Anchored | null>;
  /** Of the value that is being read. */
  readonly #path: (string | number)[];
  #index: number;
  /** Values so far, aliased ones counted at each use. */
  #count: number;
  #aliasedCount: number;

  constructor(text: string, events: readonly Event[], readScalar: ScalarReader) {
    this.faults = [];
    this.#text = text;
    this.#events = events;
    this.#readScalar = readScalar;
    this.#anchors = new Map();
    this.#path = [];
    this.#index = 0;
    this.#count = 0;
    this.#aliasedCount = 0;
  }

  /** The value of the first document. */
  compose(): YamlNode {
    this.#index = 1; // behind the event of the document
    return this.#node(0);
  }

  /** `near` is where a value would stand that is not there. */
  #node(near: number): YamlNode {
    const event = this.#events[this.#index++]!;
    if (event.type === EVENT_ID.ALIAS) return this.#alias(event.anchorStart, event.anchorEnd);
    if (event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.POP) {
      return { value: null, place: near };
    }
    if (event.anchorStart < 0) return this.#content(event, near);
    const name = this.#text.slice(event.anchorStart, event.anchorEnd);
    const before = this.#count;
    this.#anchors.set(name, null); // not to be used inside itself
    const node = this.#content(event, near);
    this.#anchors.set(name, { ...node, count: this.#count - before });
    return node;
  }

  #content(event: ContentEvent, near: number): YamlNode {
    this.#count++;
    if (event.type === EVENT_ID.SCALAR) return this.#scalar(event, near);
    if (event.tagStart >= 0) this.#checkCollectionTag(event);
    return event.type === EVENT_ID.SEQUENCE
      ? this.#sequence(event.start)
      : this.#mapping(event.start);
  }

  #alias(start: number, end: number): YamlNode {
    const name = this.#text.slice(start, end);
    const offset = start - 1; // of the asterisk
    const anchored = this.#anchors.get(name);
    if (anchored === undefined) {
      this.#fault(`there is no anchor &${name} above this alias`, offset);
    } else if (anchored === null) {
      this.#fault(`the alias *${name} stands inside what it stands for`, offset);
    } else {
      this.#count += anchored.count;
      const before = this.#aliasedCount;
      this.#aliasedCount += anchored.count;
      if (this.#aliasedCount <= ALIASED_VALUES_MAX) {
        return { value: anchored.value, place: placeAt(anchored.place, offset) };
      }
      if (before <= ALIASED_VALUES_MAX) {
        const text = `aliases repeat more than ${ALIASED_VALUES_MAX} values from here on`;
        this.#fault(text, offset);
      }
    }
    return { value: null, place: offset };
  }

  #scalar(event: ScalarEvent, near: number): YamlNode {
    const { valueStart, style } = event;
    if (valueStart < 0) return { value: this.#tagged(event, ''), place: near };
    const offset = isQuoted(style) ? valueStart - 1 : valueStart;
    const text = getScalarValue(this.#text, event);
    return { value: this.#tagged(event, text), place: offset };
  }

  #tagged(event: ScalarEvent, text: string): unknown {
    const isPlain = event.style === SCALAR_STYLE.PLAIN;
    if (event.tagStart < 0) return this.#readScalar(text, isPlain, this.#path);
    const tag = this.#text.slice(event.tagStart, event.tagEnd);
    if (tag === '!!str' || tag === '!') return this.#readScalar(text, false, this.#path);
    const value = SCALAR_TAGS.has(tag) ? plainScalar(text) : text;
    if (typeof value !== 'string') return value;
    this.#fault(`the tag ${tag} does not fit here`, event.tagStart);
    return null;
  }

  #checkCollectionTag({ type, tagStart, tagEnd }: ContentEvent): void {
    const tag = this.#text.slice(tagStart, tagEnd);
    const own = type === EVENT_ID.SEQUENCE ? '!!seq' : '!!map';
    if (tag !== own && tag !== '!') this.#fault(`the tag ${tag} does not fit here`, tagStart);
  }

  #sequence(start: number): YamlNode {
    const place = new PlaceCollection(start, true);
    const value: unknown[] = [];
    while (this.#events[this.#index]!.type !== EVENT_ID.POP) {
      this.#path.push(value.length);
      const item = this.#node(startOf(place.values.at(-1) ?? start));
      this.#path.pop();
      value.push(item.value);
      place.values.push(item.place);
    }
    this.#index++;
    return { value, place };
  }

  #mapping(start: number): YamlNode {
    const place = new PlaceCollection(start, false);
    const value: Record<string, unknown> = {};
    const merged: YamlNode[] = [];
    while (this.#events[this.#index]!.type !== EVENT_ID.POP) {
      const keyEvent = this.#events[this.#index]!;
      const isMerge = this.#isMergeKey(keyEvent);
      const { name, offset } = this.#key(start);
      this.#path.push(name);
      const item = this.#node(offset);
      this.#path.pop();
      if (isMerge) merged.push(item);
      else if (Object.hasOwn(value, name)) {
        this.#fault(`the key ${JSON.stringify(name)} stands twice in one object`, offset);
      } else addEntry(value, place, { name, offset, item });
    }
    this.#index++;
    for (const source of merged) this.#merge(value, place, source);
    return { value, place };
  }

  #isMergeKey(event: Event): boolean {
    if (event.type !== EVENT_ID.SCALAR || event.style !== SCALAR_STYLE.PLAIN) return false;
    return event.valueEnd - event.valueStart === 2 && this.#text.startsWith('<<', event.valueStart);
  }

  /** Keys are texts, whatever they look like: `404` is the key "404". */
  #key(near: number): { name: string; offset: number } {
    const event = this.#events[this.#index]!;
    if (event.type !== EVENT_ID.SCALAR) {
      const { value, place } = this.#node(near);
      if (typeof value === 'string') return { name: value, offset: startOf(place) };
      this.#fault('a key must be a text', startOf(place));
      return { name: '', offset: startOf(place) };
    }
    this.#index++;
    if (event.valueStart < 0) return { name: '', offset: near };
    const offset = isQuoted(event.style) ? event.valueStart - 1 : event.valueStart;
    const name = getScalarValue(this.#text, event);
    if (event.anchorStart >= 0) {
      const anchor = this.#text.slice(event.anchorStart, event.anchorEnd);
      this.#anchors.set(anchor, { value: name, place: offset, count: 1 });
    }
    return { name, offset };
  }

  /** Keys of `source` (a mapping, or a list of them) that are not there already. */
  #merge(value: Record<string, unknown>, place: PlaceCollection, source: YamlNode): void {
    const { value: from, place: at } = source;
    if (typeof at === 'number') {
      this.#fault('what is merged with << must be an object or a list of objects', at);
    } else if (Array.isArray(from)) {
      for (const [index, item] of from.entries()) {
        this.#merge(value, place, { value: item, place: at.values[index]! });
      }
    } else {
      const entries = from as Readonly<Record<string, unknown>>;
      for (const [index, name] of at.names!.entries()) {
        if (Object.hasOwn(value, name)) continue;
        const item = { value: entries[name], place: at.values[index]! };
        addEntry(value, place, { name, offset: at.keyStarts[index]!, item });
      }
    }
  }

  #fault(text: string, offset: number): void {
    this.faults.push({ text, offset });
  }
}

function isQuoted(style: number): boolean {
  return style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED;
}

interface Entry {
  readonly name: string;
  readonly offset: number;
  readonly item: YamlNode;
}

function addEntry(
  value: Record<string, unknown>,
  place: PlaceCollection,
  { name, offset, item }: Entry,
): void {
  if (name === '__proto__') {
    // Assigned, it would be the prototype and no key.
    const property = { value: item.value, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(value, name, property);
  } else value[name] = item.value;
  place.names!.push(name);
  place.keyStarts.push(offset);
  place.values.push(item.place);
}

/** An alias is shown where it stands; what is inside it, where the anchor is. */
function placeAt(place: PlaceNode, offset: number): PlaceNode {
  if (typeof place === 'number') return offset;
  const alias = new PlaceCollection(offset, place.names === null);
  alias.names?.push(...place.names!);
  alias.keyStarts.push(...place.keyStarts);
  alias.values.push(...place.values);
  return alias;
}
