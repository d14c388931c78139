// What is left of an exchange when it is over: counters, and a line of the access log.

import type { Clock } from '../base/clock.ts';
import { CELL_ERRORS, Cell } from '../base/metrics_cells.ts';
import type { ServerStream } from '../http/exchange_contract.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import type { RequestHead } from '../http/message_head.ts';
import type { AccessLog } from './access_log.ts';
import { AccessRecord } from './access_record.ts';
import { ExchangeOutcome } from './exchange_outcome.ts';
import type { ForwardingPlan } from './forwarding.ts';

export class ExchangeReports {
  readonly #bytes: Uint8Array;
  readonly #clock: Clock;
  readonly #cells: Float64Array;
  readonly #log: AccessLog | null;
  /** Filled for one exchange, written, and used for the next. */
  readonly #record: AccessRecord;
  readonly #refused: ExchangeOutcome = new ExchangeOutcome();

  constructor(bytes: Uint8Array, clock: Clock, cells: Float64Array, log: AccessLog | null) {
    this.#bytes = bytes;
    this.#clock = clock;
    this.#cells = cells;
    this.#log = log;
    this.#record = new AccessRecord(bytes);
  }

  /** Counts and logs an exchange that is over, while its stream can still be asked. */
  finish(outcome: ExchangeOutcome, stream: ServerStream, plan: ForwardingPlan): void {
    this.#count(outcome);
    if (this.#log === null) return;
    let record = outcome.tunnelRecord;
    if (record === null) {
      record = this.#record;
      readRequest(record, stream.head, plan);
    }
    this.#write(this.#log, record, outcome, stream);
  }

  /** Counts and logs a request that the driver refused. What its head said is not known. */
  finishRefused(stream: ServerStream, error: ExchangeError, status: number): void {
    const outcome = this.#refused;
    outcome.error = error;
    outcome.status = status;
    this.#cells[Cell.REQUESTS]!++;
    this.#count(outcome);
    if (this.#log === null) return;
    this.#record.clearHead();
    this.#write(this.#log, this.#record, outcome, stream);
  }

  /** A record for the end of a tunnel, made while its head is there; null without a log. */
  recordTunnel(head: RequestHead, plan: ForwardingPlan): AccessRecord | null {
    if (this.#log === null) return null;
    const record = new AccessRecord(this.#bytes);
    readRequest(record, head, plan);
    record.copyBytes();
    return record;
  }

  #count(outcome: ExchangeOutcome): void {
    const { status, error } = outcome;
    if (status >= 100 && status < 600) {
      this.#cells[Cell.RESPONSES_1XX + Math.floor(status / 100) - 1]!++;
    }
    if (error !== ExchangeError.NONE) this.#cells[CELL_ERRORS + error]!++;
  }

  #write(
    log: AccessLog,
    record: AccessRecord,
    outcome: ExchangeOutcome,
    stream: ServerStream,
  ): void {
    record.durationMs = this.#clock.nowMs - stream.startMs;
    record.wallMs = this.#clock.wallMs - record.durationMs;
    record.remoteHost = stream.connection.remoteHost;
    record.remotePort = stream.connection.remotePort;
    record.requestBodyBytes = stream.requestBodyBytes;
    record.responseBytes = stream.responseBytes;
    record.status = outcome.status;
    record.error = outcome.error;
    record.connectMs = outcome.connectMs;
    record.firstByteMs = outcome.firstByteMs;
    record.upstream = outcome.upstreamName;
    record.endpoint = outcome.endpointUrl;
    record.route = outcome.routeName;
    log.write(record);
  }
}

function readRequest(record: AccessRecord, head: RequestHead, plan: ForwardingPlan): void {
  record.readHead(head);
  // As the client asked for it, whatever middleware made of it.
  record.targetStart = plan.receivedStart;
  record.pathEnd = plan.receivedPathEnd;
  record.targetEnd = plan.receivedEnd;
  record.requestNumber = plan.requestNumber;
  if (plan.requestNumber === 0) record.readRequestId(head);
}
