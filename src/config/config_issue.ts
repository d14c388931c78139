// One thing that is wrong with a configuration, in the form that programs read (`--json`) and the
// line that people and editors read: `FILE:LINE:COLUMN: CODE: PATH: what is wrong, what was
// wanted, the remedy`.

import { formatLocation } from '../base/errors.ts';

/** What can be wrong, and what each code means. Codes are stable. */
export const CONFIG_ISSUE_CODES = {
  ZP_CONFIG_NOT_FOUND: 'There is no configuration file.',
  ZP_CONFIG_UNREADABLE: 'The configuration file cannot be read.',
  ZP_CONFIG_SYNTAX: 'The file is not valid TypeScript, YAML or JSON.',
  ZP_CONFIG_THROWN: 'The configuration module threw while it was evaluated.',
  ZP_CONFIG_UNFINISHED: 'The configuration module ended its process, or never finished.',
  ZP_CONFIG_EXPORT: 'The configuration module has no default export.',
  ZP_CONFIG_ENVIRONMENT:
    'An environment variable that is not set, or a reference of the wrong form.',
  ZP_CONFIG_SECRET: 'A secret file that is missing, unreadable or too large.',
  ZP_CONFIG_INCLUDE: 'An included file that is missing, or that includes itself.',
  ZP_CONFIG_MODULE: 'A module of middleware that cannot be loaded.',
  ZP_CONFIG_UNKNOWN_KEY: 'A key that does not exist here.',
  ZP_CONFIG_MISSING: 'A required key is missing.',
  ZP_CONFIG_VALUE: 'A value of the wrong kind, form or size.',
  ZP_CONFIG_REFERENCE: 'A name that nothing has.',
  ZP_CONFIG_DUPLICATE: 'Two things that must differ are the same.',
  ZP_CONFIG_CONFLICT: 'Keys that do not go together.',
  ZP_CONFIG_MIDDLEWARE: 'A middleware refuses its options.',
  ZP_CONFIG_CAPACITY: 'More of something than the shared memory of the workers has room for.',
} as const;
export type ConfigIssueCode = keyof typeof CONFIG_ISSUE_CODES;

/**
 * The shape that `--json` prints. Lines and columns count from 1; null where there is no such
 * place.
 */
export interface ConfigIssue {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly code: ConfigIssueCode;
  /** `routes[0].upstream`; '' for the file as a whole. */
  readonly path: string;
  /** What was written; null where nothing was. */
  readonly value: unknown;
  /** What would be right; for a file that could not be read, the whole sentence. */
  readonly wanted: string;
  /** What was probably meant, or ''. */
  readonly suggestion: string;
}

const VALUE_LENGTH_MAX = 80;

/** The line for people, without a line end. */
export function formatConfigIssue(issue: ConfigIssue): string {
  const where =
    issue.line === null || issue.column === null
      ? issue.file
      : formatLocation({ file: issue.file, line: issue.line, column: issue.column });
  const subject = issue.path === '' ? '' : `${issue.path}: `;
  return `${where}: ${issue.code}: ${subject}${sentence(issue)}`;
}

/** A value that JSON can carry, however strange the value in the file was. */
export function plainValue(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'function') return `[function ${value.name}]`.replace(' ]', ']');
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  try {
    return JSON.parse(JSON.stringify(value)) as unknown;
  } catch {
    // Of itself, or with what JSON has not. Without a prototype it has not even a text.
    return Object.prototype.toString.call(value);
  }
}

function sentence(issue: ConfigIssue): string {
  const meant = issue.suggestion === '' ? '' : `, did you mean ${remedy(issue)}?`;
  const wanted = issue.wanted === '' ? '' : `, wanted ${issue.wanted}`;
  switch (issue.code) {
    case 'ZP_CONFIG_UNKNOWN_KEY':
      return `unknown key${meant === '' ? wanted : meant}`;
    case 'ZP_CONFIG_MISSING':
      return `missing${wanted}${meant}`;
    case 'ZP_CONFIG_VALUE':
      return `${shown(issue.value)} is refused${wanted}${meant}`;
    case 'ZP_CONFIG_REFERENCE':
      return `${shown(issue.value)} does not exist${wanted}${meant}`;
    case 'ZP_CONFIG_DUPLICATE':
      return `${shown(issue.value)} is there twice${wanted}${meant}`;
    default:
      return issue.wanted;
  }
}

/** As it is to be written: words of the format itself and numbers without quotes. */
function remedy({ suggestion, value }: ConfigIssue): string {
  const isBare = suggestion === 'true' || suggestion === 'false' || suggestion === value;
  return isBare ? suggestion : JSON.stringify(suggestion);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= VALUE_LENGTH_MAX ? text : `${text.slice(0, VALUE_LENGTH_MAX)}...`;
}
