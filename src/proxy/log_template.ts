// The formats of the access log, compiled into one list of parts: text that is written as it is,
// and fields of the exchange. The two built-in formats are templates like the user's.

import { ZProxyError } from '../base/errors.ts';
import type { LogEscape } from './log_line.ts';
import type { AccessLogFormat } from './options.ts';

/** What a line can say. Names are what a template writes in braces. */
export const LogField = {
  time: 0,
  timeCommon: 1,
  client: 2,
  method: 3,
  target: 4,
  path: 5,
  host: 6,
  protocol: 7,
  status: 8,
  bytesReceived: 9,
  bytesSent: 10,
  durationMs: 11,
  connectMs: 12,
  firstByteMs: 13,
  upstream: 14,
  endpoint: 15,
  route: 16,
  error: 17,
  requestId: 18,
  userAgent: 19,
  referer: 20,
  clientPort: 21,
} as const;
export type LogField = (typeof LogField)[keyof typeof LogField];

/** One piece of a line: `bytes`, then `field` where there is one. */
export interface LogPart {
  readonly bytes: Uint8Array;
  /** -1: the line ends here. */
  readonly field: LogField | -1;
}

export interface LogTemplate {
  readonly escape: LogEscape;
  /** What stands for a value that there is none of: a text, and a number. */
  readonly emptyText: string;
  readonly emptyNumber: string;
  readonly parts: readonly LogPart[];
}

const COMBINED =
  '{client} - - [{timeCommon}] "{method} {target} {protocol}" {status} {bytesSent} ' +
  '"{referer}" "{userAgent}"';

/** Fields of the JSON format, in order; the ones that are numbers stand without quotes. */
const JSON_FIELDS: readonly (keyof typeof LogField)[] = [
  'time',
  'client',
  'method',
  'target',
  'host',
  'protocol',
  'status',
  'bytesReceived',
  'bytesSent',
  'durationMs',
  'connectMs',
  'firstByteMs',
  'upstream',
  'endpoint',
  'route',
  'error',
  'requestId',
  'userAgent',
  'referer',
];
const NUMBERS: ReadonlySet<string> = new Set([
  'status',
  'bytesReceived',
  'bytesSent',
  'durationMs',
  'connectMs',
  'firstByteMs',
]);

/**
 * Compiles a format. Throws `ZP_ACCESS_LOG_FIELD_UNKNOWN` for a template with a field that is
 * none.
 */
export function compileLogFormat(format: AccessLogFormat): LogTemplate {
  if (format.kind === 'json') {
    return { escape: 'json', emptyText: '', emptyNumber: 'null', parts: jsonParts() };
  }
  const template = format.kind === 'combined' ? COMBINED : format.template;
  return { escape: 'hex', emptyText: '-', emptyNumber: '-', parts: templateParts(template) };
}

/** Names in braces that are no field, for the check of a config. */
export function unknownLogFields(template: string): string[] {
  const names = [...template.matchAll(/\{([a-zA-Z]+)\}/g)].map((match) => match[1]!);
  return names.filter((name) => !Object.hasOwn(LogField, name));
}

function jsonParts(): LogPart[] {
  const parts: LogPart[] = [];
  let text = '{';
  for (const name of JSON_FIELDS) {
    const quote = NUMBERS.has(name) ? '' : '"';
    parts.push({ bytes: encode(`${text}"${name}":${quote}`), field: LogField[name] });
    text = `${quote},`;
  }
  parts.push({ bytes: encode(`${text.slice(0, -1)}}`), field: -1 });
  return parts;
}

function templateParts(template: string): LogPart[] {
  const unknown = unknownLogFields(template)[0];
  if (unknown !== undefined) {
    const names = Object.keys(LogField).join(', ');
    throw new ZProxyError(
      'ZP_ACCESS_LOG_FIELD_UNKNOWN',
      `The access log format "${template}" has a field {${unknown}}; write one of ${names}.`,
    );
  }
  const parts: LogPart[] = [];
  let end = 0;
  for (const match of template.matchAll(/\{([a-zA-Z]+)\}/g)) {
    const field = LogField[match[1] as keyof typeof LogField];
    parts.push({ bytes: encode(template.slice(end, match.index)), field });
    end = match.index + match[0].length;
  }
  parts.push({ bytes: encode(template.slice(end)), field: -1 });
  return parts;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
