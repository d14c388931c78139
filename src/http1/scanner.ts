// The contract between the decoders and whoever looks at each byte of a field section: it finds
// where the lines end and where the names end, and checks that every byte may stand where it stands
// (RFC 9112 section 5). It knows no field. Implementations answer alike to the byte, which one
// suite checks.
//
//   name [OWS] ":" value CR LF        one entry of `lines` each
//        ^colon          ^end
//   ...
//   CR LF                             `sectionEnd` is behind it
//
// Bytes are judged in their order, so that a verdict does not depend on how the input was split. A
// line is refused at its first bad byte: bare CR or LF, NUL, other controls, a line that begins
// with white space (obs-fold), an empty name, white space before the colon unless that is allowed.

/** What a scan came to. */
export const ScanResult = {
  /** The bytes end inside the section; `lineStart`, `lookedEnd` and `isInValue` say where. */
  INCOMPLETE: 0,
  /** The empty line was found. */
  END: 1,
  INVALID: 2,
  /** A line is longer than the limit. */
  LINE_TOO_LONG: 3,
  /** One more line begins than was allowed. */
  TOO_MANY_LINES: 4,
} as const;
export type ScanResult = (typeof ScanResult)[keyof typeof ScanResult];

// An entry of `lines`.
export const LINE_STRIDE = 3;
export const LINE_COLON = 0;
/** Offset of the CR. */
export const LINE_END = 1;
/** 1 where the name has an underscore. */
export const LINE_UNDERSCORE = 2;

export interface ScannerOptions {
  /** Of one line, without its CRLF. */
  readonly lineBytesMax: number;
  /** White space between name and colon is passed over (responses, RFC 9112 section 5.1). */
  readonly isSpaceBeforeColonAllowed: boolean;
}

export interface Scanner {
  /** LINE_STRIDE integers for each line that the last call found whole. */
  readonly lines: Int32Array;
  /** Lines that the last call found whole. */
  readonly linesCount: number;
  /** After END: offset behind the empty line. */
  readonly sectionEnd: number;
  /** After INCOMPLETE: where the unfinished line begins. */
  readonly lineStart: number;
  /** After INCOMPLETE: bytes before this one are known to be good; not before `lineStart`. */
  readonly lookedEnd: number;
  /** After INCOMPLETE: offset of the unfinished line's colon where it was passed, or -1. */
  readonly lineColon: number;
  /** Scans a section whose first line begins at `start`; at most `linesMax` lines. */
  scan(start: number, end: number, linesMax: number): ScanResult;
  /**
   * The same where the first line was looked at up to `lookedEnd` before, which lies behind its
   * colon (`isInValue`) or not. The entry of that line is not to be used.
   */
  resume(
    start: number,
    end: number,
    linesMax: number,
    lookedEnd: number,
    isInValue: boolean,
  ): ScanResult;
}
