// Looks up the host of a request: which groups of routes its patterns lead to, best first. Case,
// port and the dot of a fully qualified name do not count (RFC 9110 section 4.2.3). A host with an
// empty label matches no wildcard.

import { parseAddress } from '../base/address_ranges.ts';
import { latin1Text } from '../http/text.ts';
import { formatAddressV6 } from './address_text.ts';
import { ByteIndex } from './byte_index.ts';
import type { HostIndexData } from './host_groups.ts';
import { HostKind } from './host_groups.ts';
import { hostEnd } from './host_range.ts';
import { equalWords, hashFolded, viewOf } from './words.ts';

const DOT = 0x2e;
const OPEN = 0x5b;
/** Longest text of an IPv6 address with its brackets. */
const ADDRESS_BYTES_MAX = 48;
/** Longer authorities are looked up each time. */
const LAST_BYTES_MAX = 64;

export class HostMatcher {
  /** Groups that the last host leads to, best first. */
  readonly groups: Int32Array;
  readonly #index: ByteIndex;
  readonly #hasWildcards: boolean;
  readonly #hasAddressesV6: boolean;
  readonly #labelsMax: number;
  /** Where each of the last labels begins, the last one first. */
  readonly #labelStarts: Int32Array;
  // The authority that was looked up last: a connection's requests mostly name the same one, and
  // comparing costs a fifth of looking it up.
  readonly #last: Uint8Array = new Uint8Array(LAST_BYTES_MAX);
  readonly #lastView: DataView = viewOf(this.#last);
  #lastLength = -1;
  #lastCount = 0;
  readonly #address: Uint8Array = new Uint8Array(ADDRESS_BYTES_MAX);
  readonly #addressView: DataView = viewOf(this.#address);

  constructor(data: HostIndexData, text: Uint8Array) {
    this.#index = new ByteIndex(data.slots, text);
    this.#hasWildcards = data.hasWildcards;
    this.#hasAddressesV6 = data.hasAddressesV6;
    this.#labelsMax = data.anyDepthLabelsMax;
    // One for each kind of pattern, and one for each depth of the last kind.
    this.groups = new Int32Array(2 + this.#labelsMax);
    this.#labelStarts = new Int32Array(this.#labelsMax);
  }

  /** Looks up the host of the authority `bytes[start, authorityEnd)`; returns how many groups. */
  find(view: DataView, bytes: Uint8Array, start: number, authorityEnd: number): number {
    const length = authorityEnd - start;
    if (length === this.#lastLength && equalWords(view, start, this.#lastView, 0, length)) {
      return this.#lastCount;
    }
    const count = this.#find(view, bytes, start, authorityEnd);
    const isKept = length <= LAST_BYTES_MAX;
    this.#lastLength = isKept ? length : -1;
    this.#lastCount = count;
    if (isKept) for (let i = 0; i < length; i++) this.#last[i] = bytes[start + i]!;
    return count;
  }

  #find(view: DataView, bytes: Uint8Array, start: number, authorityEnd: number): number {
    const end = hostEnd(bytes, start, authorityEnd);
    if (start === end) return 0;
    if (bytes[start] === OPEN) {
      return this.#hasAddressesV6 ? this.#findAddress(bytes, start, end) : 0;
    }
    const hash = hashFolded(view, bytes, start, end);
    const exact = this.#index.findFolded(HostKind.EXACT, hash, view, start, end);
    this.groups[0] = exact;
    const count = exact < 0 ? 0 : 1;
    return this.#hasWildcards ? this.#findWildcards(view, bytes, start, end, count) : count;
  }

  #findWildcards(
    view: DataView,
    bytes: Uint8Array,
    start: number,
    end: number,
    countBefore: number,
  ): number {
    const labelsMax = this.#labelsMax;
    let labels = 0;
    let first = -1; // start of the second label
    if (bytes[start] === DOT) return countBefore;
    for (let i = end - 1; i > start; i--) {
      if (bytes[i] !== DOT) continue;
      if (i + 1 === end || bytes[i + 1] === DOT) return countBefore;
      first = i + 1;
      if (labels < labelsMax) this.#labelStarts[labels++] = first;
    }
    if (first < 0) return countBefore;
    let count = this.#addSuffix(countBefore, HostKind.ONE_LABEL, view, bytes, first, end);
    while (labels > 0) {
      const from = this.#labelStarts[--labels]!;
      count = this.#addSuffix(count, HostKind.ANY_DEPTH, view, bytes, from, end);
    }
    return count;
  }

  #addSuffix(
    count: number,
    kind: HostKind,
    view: DataView,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    const hash = hashFolded(view, bytes, start, end);
    return this.#add(count, this.#index.findFolded(kind, hash, view, start, end));
  }

  // Rare, and only where a route names such an address: it has many spellings, so text is made.
  #findAddress(bytes: Uint8Array, start: number, end: number): number {
    const words = parseAddress(latin1Text(bytes, start + 1, end - 1));
    if (words === null) return 0;
    const text = `[${formatAddressV6(words)}]`;
    const address = this.#address;
    for (let i = 0; i < text.length; i++) address[i] = text.charCodeAt(i);
    const view = this.#addressView;
    const hash = hashFolded(view, address, 0, text.length);
    return this.#add(0, this.#index.findFolded(HostKind.EXACT, hash, view, 0, text.length));
  }

  // The same group again would only fail again.
  #add(count: number, group: number): number {
    if (group < 0) return count;
    for (let i = 0; i < count; i++) if (this.groups[i] === group) return count;
    this.groups[count] = group;
    return count + 1;
  }
}
