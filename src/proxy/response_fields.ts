// What a forwarded response is given on its way to the client: Via, and Date where the endpoint
// sent none (RFC 9110 section 6.6.1: a recipient with a clock MUST add it). Everything else is
// forwarded as it came.

import type { Arena, ByteRange } from '../base/arena.ts';
import type { Clock } from '../base/clock.ts';
import type { HttpDate } from '../http/date.ts';
import { FieldId } from '../http/field_names.ts';
import type { ResponseHead } from '../http/message_head.ts';
import type { Via } from './via.ts';

export class ResponseFields {
  readonly #via: Via;
  readonly #date: HttpDate;
  readonly #clock: Clock;
  readonly #dateName: ByteRange;

  constructor(arena: Arena, via: Via, date: HttpDate, clock: Clock) {
    this.#via = via;
    this.#date = date;
    this.#clock = clock;
    this.#dateName = arena.writeStatic('Date');
  }

  /** For a final head and for 101. */
  addFinal(head: ResponseHead): void {
    if (head.fields.find(FieldId.DATE) < 0) this.#addDate(head);
    this.#via.add(head.fields, head.version);
  }

  /** For a 1xx head, which needs no Date. */
  addInterim(head: ResponseHead): void {
    this.#via.add(head.fields, head.version);
  }

  #addDate(head: ResponseHead): void {
    const date = this.#date.range(this.#clock);
    const { start, end } = this.#dateName;
    head.fields.add(start, end, date.start, date.end, FieldId.DATE);
  }
}
