// JSON to plain data with positions. JSON.parse decides what is valid; a scan of the same text
// finds where its values stand, and the keys that stand twice.

import { type ConfigTextError, type ConfigTextResult, TextValues } from './config_text.ts';
import { scanJson } from './json_places.ts';
import type { KeyPath } from './key_path.ts';
import { PositionTree } from './position_tree.ts';
import { LineTable, positionOf } from './positions.ts';
import { hasReference, type Substituter } from './substitution.ts';

export function readJson(text: string, substituter: Substituter): ConfigTextResult {
  // A byte order mark is not JSON, but some editors write one.
  const body = text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text;
  let data: unknown;
  try {
    data = JSON.parse(body);
  } catch (error) {
    return { textErrors: [syntaxError(body, error as SyntaxError)] };
  }
  const { place, faults } = scanJson(body);
  if (faults.length > 0) {
    const lines = new LineTable(body);
    const textErrors = faults.map(
      (fault): ConfigTextError => ({
        code: 'ZP_CONFIG_SYNTAX',
        text: fault.text,
        position: lines.positionOf(fault.offset),
      }),
    );
    return { textErrors };
  }
  const values = new TextValues(substituter);
  const read = hasReference(body) ? readTexts(data, values, []) : data;
  return { data: read, positions: new PositionTree(body, place), drafts: values.drafts };
}

/** Reads the texts in `value`, in place. */
function readTexts(value: unknown, values: TextValues, path: KeyPath): unknown {
  if (typeof value === 'string') return values.read(value, false, path);
  if (value === null || typeof value !== 'object') return value;
  const container = value as Record<string | number, unknown>;
  const isList = Array.isArray(value);
  for (const name of Object.keys(value)) {
    const key = isList ? Number(name) : name;
    const inner = readTexts(container[key], values, [...path, key]);
    // Only what changed is written: `__proto__` would not be written as a key.
    if (inner !== container[key]) container[key] = inner;
  }
  return value;
}

function syntaxError(text: string, error: SyntaxError): ConfigTextError {
  const at = / at position (\d+)/.exec(error.message);
  // Some messages quote the text in place of the position.
  const sentence = error.message
    .replace(/ at position \d+.*$/s, '')
    .replace(/ in JSON$/, '')
    .replace(/^(Unexpected token '.+?'),.*$/s, '$1');
  const offset = at === null ? faultOffset(text) : Number(at[1]);
  return { code: 'ZP_CONFIG_SYNTAX', text: sentence, position: positionOf(text, offset) };
}

/** Where a text stops being the beginning of JSON; its length where it only ends too early. */
function faultOffset(text: string): number {
  let fine = 0;
  let faulty = text.length + 1;
  while (faulty - fine > 1) {
    const middle = (fine + faulty) >> 1;
    if (isBeginning(text.slice(0, middle))) fine = middle;
    else faulty = middle;
  }
  return Math.min(fine, text.length);
}

function isBeginning(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const { message } = error as SyntaxError;
    return /^Unexpected end|^Unterminated/.test(message) || message.includes(` ${text.length} `);
  }
}
