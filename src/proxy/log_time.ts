// The time of an access line, formatted from integers: the date is worked out once a second, the
// milliseconds are written per line. Always UTC.

import type { LogLine } from './log_line.ts';

const DAY_SECONDS = 86_400;
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

export class LogTime {
  #second = Number.NaN;
  #year = 0;
  #month = 0; // from 1
  #day = 0;
  #hours = 0;
  #minutes = 0;
  #seconds = 0;

  /** `2026-11-05T12:00:00.123Z` (RFC 3339). */
  putIso(line: LogLine, wallMs: number): void {
    this.#read(wallMs);
    line.putDigits(this.#year, 4);
    line.putByte(0x2d);
    line.putDigits(this.#month, 2);
    line.putByte(0x2d);
    line.putDigits(this.#day, 2);
    line.putByte(0x54);
    this.#putClock(line);
    line.putByte(0x2e);
    line.putDigits(Math.floor(wallMs) % 1000, 3);
    line.putByte(0x5a);
  }

  /** `05/Nov/2026:12:00:00 +0000`, as the common log format has it. */
  putCommon(line: LogLine, wallMs: number): void {
    this.#read(wallMs);
    line.putDigits(this.#day, 2);
    line.putByte(0x2f);
    for (let i = 0; i < 3; i++) line.putByte(MONTHS.charCodeAt((this.#month - 1) * 3 + i));
    line.putByte(0x2f);
    line.putDigits(this.#year, 4);
    line.putByte(0x3a);
    this.#putClock(line);
    line.putText(' +0000');
  }

  #putClock(line: LogLine): void {
    line.putDigits(this.#hours, 2);
    line.putByte(0x3a);
    line.putDigits(this.#minutes, 2);
    line.putByte(0x3a);
    line.putDigits(this.#seconds, 2);
  }

  /**
   * Days to a date of the Gregorian calendar, by years that begin in March, so that leap days
   * come last.
   */
  #read(wallMs: number): void {
    const second = Math.floor(wallMs / 1000);
    if (second === this.#second) return;
    this.#second = second;
    const ofDay = second % DAY_SECONDS;
    this.#hours = Math.floor(ofDay / 3600);
    this.#minutes = Math.floor(ofDay / 60) % 60;
    this.#seconds = ofDay % 60;
    const days = Math.floor(second / DAY_SECONDS) + 719_468; // since 0000-03-01
    const era = Math.floor(days / 146_097); // of 400 years
    const ofEra = days - era * 146_097;
    const leaps =
      Math.floor(ofEra / 1_460) - Math.floor(ofEra / 36_524) + Math.floor(ofEra / 146_096);
    const yearOfEra = Math.floor((ofEra - leaps) / 365);
    const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
    const ofYear = ofEra - (365 * yearOfEra + leapDays);
    const fromMarch = Math.floor((5 * ofYear + 2) / 153);
    this.#day = ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
    this.#month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
    this.#year = yearOfEra + era * 400 + (this.#month <= 2 ? 1 : 0);
  }
}
