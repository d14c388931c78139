// What every implementation of the `Scanner` contract does, checked against a slow model that is
// written straight from RFC 9112 section 5: the same verdict, lines and positions, from any place
// in the arena, whole and resumed at every byte.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Scanner, ScannerOptions } from '../../src/http1/scanner.ts';
import {
  LINE_COLON,
  LINE_END,
  LINE_STRIDE,
  LINE_UNDERSCORE,
  ScanResult,
} from '../../src/http1/scanner.ts';

export type OpenScanner = (bytes: Uint8Array<ArrayBuffer>, options: ScannerOptions) => Scanner;

interface Outcome {
  readonly result: ScanResult;
  /** colon, end and underscore of each line, relative to the section. */
  readonly lines: readonly (readonly [number, number, boolean])[];
  readonly sectionEnd: number;
  readonly lineStart: number;
}

const NAME = "!#$%&'*+\\-.^_`|~0-9A-Za-z";
const VALUE = '\\t\\x20-\\x7e\\x80-\\xff';

/** The contract as regular expressions. */
function model(text: string, linesMax: number, options: ScannerOptions): Outcome {
  const space = options.isSpaceBeforeColonAllowed ? '[ \\t]*' : '';
  const line = new RegExp(`^([${NAME}]+)(${space}):[${VALUE}]*\\r\\n`);
  const lines: [number, number, boolean][] = [];
  let at = 0;
  for (;;) {
    const rest = text.slice(at);
    const unfinished = { lines, sectionEnd: -1, lineStart: at };
    if (rest.startsWith('\r\n')) {
      return { result: ScanResult.END, lines, sectionEnd: at + 2, lineStart: -1 };
    }
    if (rest === '' || rest === '\r') return { result: ScanResult.INCOMPLETE, ...unfinished };
    if (rest[0] === '\r') return { result: ScanResult.INVALID, ...unfinished };
    if (lines.length === linesMax) return { result: ScanResult.TOO_MANY_LINES, ...unfinished };
    // Byte by byte: the first prefix of the line that no good line begins with.
    for (let count = 1; ; count++) {
      const prefix = rest.slice(0, count);
      const found = line.exec(prefix);
      if (found !== null) {
        const colon = found[1]!.length + found[2]!.length;
        lines.push([at + colon, at + count - 2, found[1]!.includes('_')]);
        at += count;
        break;
      }
      if (!isPrefix(prefix, space)) return { result: ScanResult.INVALID, ...unfinished };
      if (count > options.lineBytesMax && !prefix.endsWith('\r')) {
        return { result: ScanResult.LINE_TOO_LONG, ...unfinished };
      }
      if (count === rest.length) return { result: ScanResult.INCOMPLETE, ...unfinished };
    }
  }
}

function isPrefix(text: string, space: string): boolean {
  return new RegExp(`^[${NAME}]+(${space}|${space}:[${VALUE}]*\\r?)$`).test(text);
}

function outcomeOf(scanner: Scanner, result: ScanResult, start: number): Outcome {
  const lines: [number, number, boolean][] = [];
  for (let i = 0; i < scanner.linesCount; i++) {
    const entry = i * LINE_STRIDE;
    lines.push([
      scanner.lines[entry + LINE_COLON]! - start,
      scanner.lines[entry + LINE_END]! - start,
      scanner.lines[entry + LINE_UNDERSCORE] === 1,
    ]);
  }
  const isEnd = result === ScanResult.END;
  return {
    result,
    lines,
    sectionEnd: isEnd ? scanner.sectionEnd - start : -1,
    lineStart: isEnd ? -1 : scanner.lineStart - start,
  };
}

type Check = (text: string, at: number, linesMax: number, options: ScannerOptions) => void;

/** A check of one section at offset `at`: whole, and resumed behind each of its bytes. */
function makeCheck(openScanner: OpenScanner): Check {
  const bytes = new Uint8Array(4096);
  return (text, at, linesMax, options) => {
    const scanner = openScanner(bytes, options);
    bytes.fill(0x0a);
    for (let i = 1; i < bytes.length; i += 2) bytes[i] = 0x0d;
    bytes.set(Buffer.from(text, 'latin1'), at);
    const wanted = model(text, linesMax, options);
    const whole = outcomeOf(scanner, scanner.scan(at, at + text.length, linesMax), at);
    assert.deepEqual(whole, wanted, JSON.stringify(text));
    for (let cut = 0; cut < text.length; cut++) {
      const first = scanner.scan(at, at + cut, linesMax);
      if (first !== ScanResult.INCOMPLETE) {
        assert.equal(first, wanted.result, `cut at ${cut}: ${JSON.stringify(text)}`);
        continue;
      }
      const { lineStart, lookedEnd, lineColon, linesCount } = scanner;
      assert.ok(lookedEnd >= lineStart && lookedEnd <= at + cut);
      // A caller may remember less of the line than was looked at.
      const resumeAt = (cut & 1) === 0 ? lookedEnd : (lookedEnd + lineStart) >> 1;
      const isInValue = lineColon >= 0 && lineColon < resumeAt;
      const end = at + text.length;
      const left = linesMax - linesCount;
      const result = scanner.resume(lineStart, end, left, resumeAt, isInValue);
      assert.equal(result, wanted.result, `resumed at ${cut}: ${JSON.stringify(text)}`);
      assert.equal(linesCount + scanner.linesCount, wanted.lines.length);
      if (result === ScanResult.END) assert.equal(scanner.sectionEnd - at, wanted.sectionEnd);
      if (result === ScanResult.INCOMPLETE) assert.equal(scanner.lineStart - at, wanted.lineStart);
    }
  };
}

/** Runs the suite against one implementation. */
export function testScanner(name: string, openScanner: OpenScanner): void {
  const check = makeCheck(openScanner);
  describe(name, () => {
    const strict = { lineBytesMax: 24, isSpaceBeforeColonAllowed: false };
    const tolerant = { lineBytesMax: 24, isSpaceBeforeColonAllowed: true };

    test('finds lines, names and the end', () => {
      check('\r\n', 64, 8, strict);
      check('A: b\r\n\r\nC: d\r\n', 64, 8, strict);
      check('a_b:\r\nC:  d \t\xff\r\n\r\n', 65, 8, strict);
    });

    test('judges every byte value in a name and in a value', () => {
      for (let byte = 0; byte < 256; byte++) {
        const character = String.fromCharCode(byte);
        check(`A${character}b: c\r\n\r\n`, 66, 8, strict);
        check(`A${character}: c\r\n\r\n`, 66, 8, tolerant);
        check(`${character}A: c\r\n\r\n`, 66, 8, strict);
        check(`A: b${character}c\r\n\r\n`, 67, 8, strict);
        check(`A: b\r${character}`, 67, 8, strict);
        check(`\r${character}`, 67, 8, strict);
      }
    });

    test('keeps to the limits exactly', () => {
      for (const length of [22, 23, 24, 25, 26]) {
        check(`A: ${'b'.repeat(length - 3)}\r\n\r\n`, 68, 8, strict);
        check(`${'A'.repeat(length - 3)}: b\r\n\r\n`, 68, 8, strict);
        check('A'.repeat(length), 68, 8, strict);
        check(`A${' '.repeat(length)}`, 68, 8, tolerant);
      }
      check('A: 1\r\nB: 2\r\n\r\n', 69, 2, strict);
      check('A: 1\r\nB: 2\r\n\r\n', 69, 1, strict);
      check('A: 1\r\n', 69, 0, strict);
    });

    test('agrees with the model on anything, at any alignment', () => {
      const piece = fc.constantFrom(
        'A',
        'b_',
        ':',
        ': ',
        '\r\n',
        '\r',
        '\n',
        ' ',
        '\t',
        '\0',
        '\xe9',
      );
      const line = fc.constantFrom('Host: a\r\n', 'X_y:\r\n', 'Z \t: 1\r\n', 'Q: \r\n');
      fc.assert(
        fc.property(
          fc.array(fc.oneof(line, piece), { maxLength: 12 }),
          fc.integer({ min: 64, max: 96 }),
          fc.integer({ min: 1, max: 5 }),
          fc.boolean(),
          (pieces, at, linesMax, isTolerant) => {
            check(`${pieces.join('')}`, at, linesMax, isTolerant ? tolerant : strict);
          },
        ),
        { numRuns: 1000 },
      );
    });
  });
}
