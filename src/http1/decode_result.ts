// What a decoder of heads says of the bytes that it was given, and the limits it keeps to.

/** INCOMPLETE: call again with more bytes. INVALID: `error` says which row of the table. */
export const DecodeResult = { INCOMPLETE: 0, COMPLETE: 1, INVALID: 2 } as const;
export type DecodeResult = (typeof DecodeResult)[keyof typeof DecodeResult];

/** MORE: the body goes on. END: it is complete. INVALID: it is not framed as its head says. */
export const BodyResult = { MORE: 0, END: 1, INVALID: 2 } as const;
export type BodyResult = (typeof BodyResult)[keyof typeof BodyResult];

/** Limits of one head. Each is exact: so many are served, one more is refused. */
export interface HeadLimits {
  /** From the first byte of the head to its last, the empty line and one before it included. */
  readonly headBytesMax: number;
  /** One field line without its CRLF; also the status line of a response. */
  readonly fieldBytesMax: number;
  /** Field lines, dropped ones included. */
  readonly fieldsCountMax: number;
  /** The request target as it was received. Not used for responses. */
  readonly targetBytesMax: number;
}
