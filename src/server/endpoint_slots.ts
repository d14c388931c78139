// Which slot of the shared segment an endpoint counts in: the same one over all reloads, as long as
// the configuration has that address in the upstream of that name. A slot that is given up is
// zeroed before another endpoint gets it, and those that were never used, or have been free for the
// longest, come first: an exchange that outlives its endpoint counts in a slot of nobody's.

import { ZProxyError } from '../base/errors.ts';
import { ENDPOINTS_MAX } from '../base/limits.ts';
import type { Snapshot } from '../config/snapshot.ts';
import type { UpstreamOptions } from '../upstream/options.ts';
import { locationOf } from './source_location.ts';

/** What it needs to know and do about the rows. */
export interface SlotRows {
  /** Nothing that is open counts there. */
  isIdle(slot: number): boolean;
  /** Zeroes the slot in all rows. */
  clear(slot: number): void;
}

/** The slots of a snapshot, taken but not yet in use. */
export interface SlotPlan {
  /** The snapshot with its slots filled in. */
  readonly snapshot: Snapshot;
  readonly slots: ReadonlyMap<string, number>;
  /** Slots below this were used at some time. */
  readonly usedCount: number;
}

export class EndpointSlots {
  readonly #rows: SlotRows;
  readonly #capacity: number;
  #slots: ReadonlyMap<string, number> = new Map();
  #usedCount = 0;
  /** Slots that were given up, the longest ago first. */
  #free: number[] = [];

  constructor(rows: SlotRows, capacity: number = ENDPOINTS_MAX) {
    this.#rows = rows;
    this.#capacity = capacity;
  }

  /** Finds a slot for each endpoint. Throws a ZProxyError where there are not enough. */
  prepare(snapshot: Snapshot): SlotPlan {
    const slots = new Map<string, number>();
    const free = this.#free.filter((slot) => this.#rows.isIdle(slot));
    let usedCount = this.#usedCount;
    const take = (upstream: UpstreamOptions): number => {
      if (usedCount < this.#capacity) return usedCount++;
      const slot = free.shift();
      if (slot === undefined) throw this.#describeFull(upstream);
      return slot;
    };
    const upstreams = snapshot.upstreams.map((upstream) => {
      const counts = new Map<string, number>();
      const endpoints = upstream.endpoints.map((endpoint) => {
        const count = counts.get(endpoint.url) ?? 0;
        counts.set(endpoint.url, count + 1);
        const key = JSON.stringify([upstream.name, endpoint.url, count]);
        let slot = this.#slots.get(key);
        if (slot === undefined) {
          slot = take(upstream);
          this.#rows.clear(slot);
        }
        slots.set(key, slot);
        return { ...endpoint, slot };
      });
      return { ...upstream, endpoints };
    });
    return { snapshot: { ...snapshot, upstreams }, slots, usedCount };
  }

  /** The plan's endpoints have their slots; those that it does not have give theirs up. */
  commit(plan: SlotPlan): void {
    const taken = new Set(plan.slots.values());
    const free = [...this.#free, ...this.#slots.values()];
    this.#free = free.filter((slot) => !taken.has(slot));
    this.#slots = plan.slots;
    this.#usedCount = plan.usedCount;
  }

  /** As plain data, for the program that follows this one. */
  save(): SavedSlots {
    return { slots: [...this.#slots], usedCount: this.#usedCount, free: this.#free };
  }

  /** What an earlier program saved. */
  restore(saved: SavedSlots): void {
    this.#slots = new Map(saved.slots);
    this.#usedCount = saved.usedCount;
    this.#free = [...saved.free];
  }

  #describeFull(upstream: UpstreamOptions): ZProxyError {
    const text =
      `upstreams.${upstream.name}: there is room for ${this.#capacity} endpoints, those that are ` +
      'being replaced included; change fewer at once, or restart';
    return new ZProxyError('ZP_CONFIG_CAPACITY', text, { location: locationOf(upstream.source) });
  }
}

export interface SavedSlots {
  readonly slots: readonly (readonly [key: string, slot: number])[];
  readonly usedCount: number;
  readonly free: readonly number[];
}
