// Sizes as users write them: `'16KiB'`, `'10MB'`, `'1.5GiB'`, `'512B'`; a plain number is bytes.
// KiB is 1024 bytes and kB (or KB) is 1000, as IEC 80000-13 has it.

import { Refusal } from './refusal.ts';

const WANTED = 'a size such as "16KiB", "10MB" or a number of bytes';

const UNIT_BYTES: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['kB', 1e3],
  ['KB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['TB', 1e12],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['TiB', 2 ** 40],
]);

/** Parses a size into bytes. */
export function parseByteSize(value: unknown): number | Refusal {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && value >= 0 ? value : new Refusal(WANTED);
  }
  if (typeof value !== 'string') return new Refusal(WANTED);
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(value);
  const unitBytes = match === null ? undefined : UNIT_BYTES.get(match[2]!);
  if (match === null || unitBytes === undefined) return new Refusal(WANTED, sizeMeant(value));
  const bytes = Number(match[1]) * unitBytes;
  const whole = Math.round(bytes);
  if (Math.abs(bytes - whole) > 1e-6 || !Number.isSafeInteger(whole)) {
    return new Refusal('a whole number of bytes');
  }
  return whole;
}

/** The shortest exact form: `32KiB`, `10MB`, `240B`. */
export function formatByteSize(bytes: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB', 'TB', 'GB', 'MB']) {
    const unitBytes = UNIT_BYTES.get(unit)!;
    if (bytes > 0 && bytes % unitBytes === 0) return `${bytes / unitBytes}${unit}`;
  }
  return `${bytes}B`;
}

function sizeMeant(text: string): string {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  if (match === null) return '';
  const word = match[2]!.toLowerCase();
  // `16k` and `10m` mean powers of two in nginx, HAProxy and Apache alike.
  const short = /^[kmgt]$/.test(word) ? `${word}ib` : word;
  if (short === '' || short.startsWith('byte')) return `${match[1]}B`;
  for (const unit of UNIT_BYTES.keys()) {
    if (unit.toLowerCase() === short) return `${match[1]}${unit}`;
  }
  return '';
}
