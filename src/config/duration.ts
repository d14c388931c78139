// Durations as users write them: `'250ms'`, `'5s'`, `'1.5m'`, `'1h'`, `'7d'`. A number without a
// unit is refused, because nobody can tell seconds from milliseconds when reading it.

import { Refusal } from './refusal.ts';

const WANTED = 'a duration such as "250ms", "5s" or "1m"';

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** Parses a duration into whole milliseconds. */
export function parseDuration(value: unknown): number | Refusal {
  if (typeof value === 'number') return new Refusal(WANTED, numberMeant(value));
  if (typeof value !== 'string') return new Refusal(WANTED);
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value);
  if (match === null) return new Refusal(WANTED, durationMeant(value));
  const milliseconds = Number(match[1]) * UNIT_MS.get(match[2]!)!;
  // 0.1 has no exact form in binary: what is whole to within a millionth is meant to be whole.
  const whole = Math.round(milliseconds);
  if (Math.abs(milliseconds - whole) > 1e-6 || !Number.isSafeInteger(whole)) {
    return new Refusal('a duration of whole milliseconds', '');
  }
  return whole;
}

/** The shortest exact form: `90s`, `2m`, `250ms`. */
export function formatDuration(milliseconds: number): string {
  for (const unit of ['d', 'h', 'm', 's']) {
    const unitMs = UNIT_MS.get(unit)!;
    if (milliseconds > 0 && milliseconds % unitMs === 0) return `${milliseconds / unitMs}${unit}`;
  }
  return `${milliseconds}ms`;
}

function numberMeant(value: number): string {
  if (!Number.isFinite(value) || value < 0) return '';
  // Small numbers are seconds in every other proxy's configuration; large ones come from
  // JavaScript.
  return value >= 1_000 ? formatDuration(Math.round(value)) : `${value}s`;
}

function durationMeant(text: string): string {
  const parts = [...text.toLowerCase().matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)/g)];
  let total = 0;
  for (const [, digits, word] of parts) {
    const unitMs = UNIT_MS.get(unitMeant(word!));
    if (unitMs === undefined) return '';
    total += Number(digits) * unitMs;
  }
  return parts.length === 0 || text.includes('-') ? '' : formatDuration(Math.round(total));
}

function unitMeant(word: string): string {
  if (word === '' || word.startsWith('sec')) return 's';
  if (word.startsWith('min')) return 'm';
  if (word.startsWith('milli') || word.startsWith('msec')) return 'ms';
  if (word.startsWith('hour') || word === 'hr') return 'h';
  if (word.startsWith('day')) return 'd';
  return word;
}
