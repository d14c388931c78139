// Writes access lines: one per exchange, refused ones included, from integers and ranges into a
// buffer of its own, handed to the sink whole. Makes no strings; the sink never blocks.

import type { AccessLogSink } from '../base/log_sink.ts';
import { Cell } from '../base/metrics_cells.ts';
import { EXCHANGE_ERRORS, ExchangeError } from '../http/exchange_error.ts';
import { type AccessRecord, NO_TIME } from './access_record.ts';
import { LogLine } from './log_line.ts';
import { compileLogFormat, LogField, type LogTemplate } from './log_template.ts';
import { LogTime } from './log_time.ts';
import type { AccessLogFormat } from './options.ts';
import { REQUEST_ID_BYTES, type RequestIds } from './request_id.ts';

// Longest escaped values. Together with the text between them they stay below LOG_LINE_BYTES_MAX,
// so that a JSON line is never cut: 8 + 2 + 1 + 7 * 0.5 KiB of values.
const TARGET_BYTES_MAX = 8_192;
const REFERER_BYTES_MAX = 2_048;
const USER_AGENT_BYTES_MAX = 1_024;
const METHOD_BYTES_MAX = 64;
const VALUE_BYTES_MAX = 512;

export class AccessLog {
  readonly #sink: AccessLogSink;
  readonly #cells: Float64Array;
  readonly #requestIds: RequestIds;
  readonly #template: LogTemplate;
  readonly #line: LogLine;
  readonly #time: LogTime = new LogTime();

  constructor(
    format: AccessLogFormat,
    sink: AccessLogSink,
    cells: Float64Array,
    requestIds: RequestIds,
  ) {
    this.#sink = sink;
    this.#cells = cells;
    this.#requestIds = requestIds;
    this.#template = compileLogFormat(format);
    this.#line = new LogLine(this.#template.escape);
  }

  /** Writes one line and counts it, or counts that it was dropped. */
  write(record: AccessRecord): void {
    const line = this.#line;
    const { parts } = this.#template;
    line.restart();
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!;
      line.putBytes(part.bytes);
      if (part.field >= 0) this.#putField(part.field as LogField, record);
    }
    line.end();
    const isTaken = this.#sink.writeLine(line.bytes, 0, line.at);
    this.#cells[isTaken ? Cell.LOG_LINES : Cell.LOG_LINES_DROPPED]!++;
  }

  #putField(field: LogField, record: AccessRecord): void {
    const line = this.#line;
    switch (field) {
      case LogField.time:
        this.#time.putIso(line, record.wallMs);
        break;
      case LogField.timeCommon:
        this.#time.putCommon(line, record.wallMs);
        break;
      case LogField.client:
        this.#putName(record.remoteHost);
        break;
      case LogField.clientPort:
        line.putNumber(record.remotePort);
        break;
      case LogField.status:
        if (record.status === 0) this.#putNoNumber();
        else line.putNumber(record.status);
        break;
      case LogField.bytesReceived:
        line.putNumber(record.requestBodyBytes);
        break;
      case LogField.bytesSent:
        line.putNumber(record.responseBytes);
        break;
      case LogField.durationMs:
        this.#putTime(record.durationMs);
        break;
      case LogField.connectMs:
        this.#putTime(record.connectMs);
        break;
      case LogField.firstByteMs:
        this.#putTime(record.firstByteMs);
        break;
      case LogField.upstream:
        this.#putName(record.upstream);
        break;
      case LogField.endpoint:
        this.#putName(record.endpoint);
        break;
      case LogField.route:
        this.#putName(record.route);
        break;
      case LogField.error:
        this.#putName(
          record.error === ExchangeError.NONE ? '' : EXCHANGE_ERRORS[record.error]!.code,
        );
        break;
      default:
        this.#putRequestField(field, record);
        break;
    }
  }

  /** What the client said. */
  #putRequestField(field: LogField, record: AccessRecord): void {
    switch (field) {
      case LogField.method:
        this.#putValue(record, record.methodStart, record.methodEnd, METHOD_BYTES_MAX);
        break;
      case LogField.target:
        this.#putValue(record, record.targetStart, record.targetEnd, TARGET_BYTES_MAX);
        break;
      case LogField.path:
        this.#putValue(record, record.targetStart, record.pathEnd, TARGET_BYTES_MAX);
        break;
      case LogField.host:
        this.#putValue(record, record.hostStart, record.hostEnd, VALUE_BYTES_MAX);
        break;
      case LogField.userAgent:
        this.#putValue(record, record.userAgentStart, record.userAgentEnd, USER_AGENT_BYTES_MAX);
        break;
      case LogField.referer:
        this.#putValue(record, record.refererStart, record.refererEnd, REFERER_BYTES_MAX);
        break;
      case LogField.requestId:
        if (record.requestNumber > 0) {
          this.#putRequestId(record.requestNumber);
          break;
        }
        this.#putValue(record, record.requestIdStart, record.requestIdEnd, VALUE_BYTES_MAX);
        break;
      default:
        this.#putName(protocolName(record.version));
        break;
    }
  }

  #putRequestId(number: number): void {
    const line = this.#line;
    if (!line.hasRoom(REQUEST_ID_BYTES)) return;
    this.#requestIds.write(line.bytes, line.at, number);
    line.at += REQUEST_ID_BYTES;
  }

  #putValue(record: AccessRecord, start: number, end: number, bytesMax: number): void {
    if (start === end) this.#line.putText(this.#template.emptyText);
    else this.#line.putValue(record.bytes, start, end, bytesMax);
  }

  #putName(text: string): void {
    if (text === '') this.#line.putText(this.#template.emptyText);
    else this.#line.putName(text, VALUE_BYTES_MAX);
  }

  #putTime(milliseconds: number): void {
    if (milliseconds === NO_TIME) this.#putNoNumber();
    else this.#line.putMilliseconds(Math.max(0, milliseconds));
  }

  #putNoNumber(): void {
    this.#line.putText(this.#template.emptyNumber);
  }
}

function protocolName(version: number): string {
  switch (version) {
    case 10:
      return 'HTTP/1.0';
    case 11:
      return 'HTTP/1.1';
    case 20:
      return 'HTTP/2.0';
    default:
      return '';
  }
}
