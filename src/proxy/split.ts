// Which upstream of a weighted split a request goes to: by chance, or by a hash of a field or
// cookie so that a client stays where it is as long as the weights stay.
//
//   weights 90, 10:   |0 .................. 90|90 .. 100|    a number below the sum picks

import { FieldId, identifyField } from '../http/field_names.ts';
import type { RequestHead } from '../http/message_head.ts';
import { LOWER } from '../http/text.ts';
import type { RouteAction, SplitKey } from './options.ts';

const SPACE = 0x20;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const UINT32 = 2 ** 32;

type Shares = Extract<RouteAction, { kind: 'forward' }>['upstreams'];

export class Split {
  readonly #indexes: Int32Array;
  /** Sum of the weights up to and with each share. */
  readonly #ends: Float64Array;
  readonly #keyKind: SplitKey['kind'];
  readonly #keyName: Uint8Array;
  readonly #keyField: FieldId;

  constructor(shares: Shares, key: SplitKey) {
    this.#indexes = Int32Array.from(shares, (share) => share.upstreamIndex);
    this.#ends = new Float64Array(shares.length);
    let sum = 0;
    shares.forEach((share, index) => {
      sum += share.weight;
      this.#ends[index] = sum;
    });
    const name =
      key.kind === 'none' ? '' : key.kind === 'header' ? key.name.toLowerCase() : key.name;
    this.#keyKind = key.kind;
    this.#keyName = Uint8Array.from(name, (character) => character.charCodeAt(0));
    this.#keyField =
      key.kind === 'header' ? identifyField(this.#keyName, 0, name.length) : FieldId.COOKIE;
  }

  /** Index of the upstream; `random` (0 up to 1) decides where the request has no key. */
  choose(bytes: Uint8Array, head: RequestHead, random: number): number {
    const ends = this.#ends;
    const sum = ends[ends.length - 1]!;
    const hash = this.#keyKind === 'none' ? -1 : this.#hash(bytes, head);
    const at = (hash < 0 ? random : hash / UINT32) * sum;
    let share = 0;
    while (share < ends.length - 1 && at >= ends[share]!) share++;
    return this.#indexes[share]!;
  }

  /** Of the key's first value, 0 up to 2^32; -1 where there is none, or an empty one. */
  #hash(bytes: Uint8Array, head: RequestHead): number {
    const { fields } = head;
    for (let i = 0; i < fields.count; i++) {
      if (fields.isRemoved(i) || fields.id(i) !== this.#keyField) continue;
      if (this.#keyKind === 'cookie') {
        const hash = this.#hashCookie(bytes, fields.valueStart(i), fields.valueEnd(i));
        if (hash >= 0) return hash;
      } else if (this.#isKeyName(bytes, fields.nameStart(i), fields.nameEnd(i))) {
        return hashRange(bytes, fields.valueStart(i), fields.valueEnd(i));
      }
    }
    return -1;
  }

  #isKeyName(bytes: Uint8Array, start: number, end: number): boolean {
    const name = this.#keyName;
    if (end - start !== name.length) return false;
    for (let i = 0; i < name.length; i++) {
      if (LOWER[bytes[start + i]!] !== name[i]) return false;
    }
    return true;
  }

  /** cookie-pair *( ";" SP cookie-pair ) (RFC 6265 section 4.2.1); cookie names have case. */
  #hashCookie(bytes: Uint8Array, start: number, end: number): number {
    const name = this.#keyName;
    let at = start;
    while (at < end) {
      while (at < end && (bytes[at] === SPACE || bytes[at] === SEMICOLON)) at++;
      let pairEnd = at;
      while (pairEnd < end && bytes[pairEnd] !== SEMICOLON) pairEnd++;
      let matched = 0;
      while (matched < name.length && bytes[at + matched] === name[matched]) matched++;
      const valueStart = at + name.length + 1;
      if (matched === name.length && valueStart <= pairEnd && bytes[valueStart - 1] === EQUALS) {
        return hashRange(bytes, valueStart, pairEnd);
      }
      at = pairEnd;
    }
    return -1;
  }
}

/** FNV-1a, its bits mixed once more so that short values spread over the whole range. */
function hashRange(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return -1;
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
