// The states of one connection to an endpoint and of the exchange on it. Nobody else reads or
// writes them.
//
// The response side, which is the connection's life, too:
//
//   CLOSED --connect--> CONNECTING --connected--+        +--1xx--+
//                                               v        v       |
//   IDLE --acquire----------------------------> AWAITING --byte--> HEAD --final head--> BODY
//    ^                                                              | |                  | end
//    |                                                              | +--101--> TUNNEL   |
//    |                                                      no body |              | FIN |
//    +-- settled, reusable ------- ENDED <--------------------------+--------------+-----+
//                                    | settled, not reusable
//   any: failure, abort -------------+--> CLOSING --closed--> CLOSED
//
// The request side:
//
//   NONE --head--> OPEN --end--> WRITTEN --last send ended--> SENT
//                   |               |             (101: SENT or WRITTEN becomes OPEN: a tunnel)
//       send failed |               | send failed
//                   v               v
//                BROKEN --end--> BROKEN_WRITTEN
//
// An exchange is over for whoever started it when the response is ENDED and the request is written
// (or broken and given up); the connection has settled when the kernel took the last of it, too.

import { assert } from '../base/assert.ts';

/** Where the response, and with it the connection, is. */
export const ResponseState = {
  CLOSED: 0,
  CONNECTING: 1,
  IDLE: 2,
  AWAITING: 3,
  HEAD: 4,
  BODY: 5,
  TUNNEL: 6,
  ENDED: 7,
  CLOSING: 8,
} as const;
export type ResponseState = (typeof ResponseState)[keyof typeof ResponseState];

/** How far the request is. */
export const RequestState = {
  NONE: 0,
  OPEN: 1,
  WRITTEN: 2,
  SENT: 3,
  BROKEN: 4,
  BROKEN_WRITTEN: 5,
} as const;
export type RequestState = (typeof RequestState)[keyof typeof RequestState];

const R = ResponseState;
const Q = RequestState;

export class ClientState {
  #response: ResponseState = R.CLOSED;
  #request: RequestState = Q.NONE;
  #isTunnel = false;

  // --- events ----------------------------------------------------------------------------------

  onConnect(): void {
    this.#mustBe(R.CLOSED);
    this.#response = R.CONNECTING;
    this.#request = Q.NONE;
    this.#isTunnel = false;
  }

  onConnected(): void {
    this.#mustBe(R.CONNECTING);
    this.#response = R.AWAITING;
  }

  /** The idle connection serves another exchange. */
  onAcquire(): void {
    this.#mustBe(R.IDLE);
    this.#response = R.AWAITING;
    this.#request = Q.NONE;
  }

  /** The request's head was written; `hasBody` says whether more of the request follows. */
  onHeadWritten(hasBody: boolean): void {
    assert(
      this.#request === Q.NONE &&
        (this.#response === R.CONNECTING || this.#response === R.AWAITING),
      'a request head is written once, before its response',
    );
    this.#request = hasBody ? Q.OPEN : Q.WRITTEN;
  }

  /** The last of the request (or of our side of a tunnel) was written. */
  onRequestEnd(): void {
    if (this.#request === Q.OPEN) this.#request = Q.WRITTEN;
    else if (this.#request === Q.BROKEN) this.#request = Q.BROKEN_WRITTEN;
    else assert(false, 'a request ends once');
  }

  /** The kernel took the last byte of the request. */
  onRequestSent(): void {
    assert(this.#request === Q.WRITTEN, 'a request is sent after it was written');
    this.#request = Q.SENT;
  }

  /** A send failed: the request will never be whole. The answer may still come. */
  onSendFailed(): void {
    if (this.#request === Q.OPEN) this.#request = Q.BROKEN;
    else if (this.#request === Q.WRITTEN) this.#request = Q.BROKEN_WRITTEN;
    else assert(false, 'a send fails while a request is under way');
  }

  /** The first byte of a head. */
  onResponseByte(): void {
    this.#mustBe(R.AWAITING);
    this.#response = R.HEAD;
  }

  onInterimResponse(): void {
    this.#mustBe(R.HEAD);
    this.#response = R.AWAITING;
  }

  onResponseBody(): void {
    this.#mustBe(R.HEAD);
    this.#response = R.BODY;
  }

  /** 101: from here on both directions are raw bytes, and ours is open again. */
  onSwitch(): void {
    this.#mustBe(R.HEAD);
    assert(this.canSwitch, 'a tunnel begins after its request');
    this.#response = R.TUNNEL;
    this.#request = Q.OPEN;
    this.#isTunnel = true;
  }

  onResponseEnd(): void {
    assert(
      this.#response === R.HEAD || this.#response === R.BODY || this.#response === R.TUNNEL,
      'a response ends once it has begun',
    );
    this.#response = R.ENDED;
  }

  /** The connection goes back to its pool. */
  onReturn(): void {
    this.#mustBe(R.ENDED);
    assert(this.#request === Q.SENT && !this.#isTunnel, 'only a settled connection is reused');
    this.#response = R.IDLE;
    this.#request = Q.NONE;
  }

  onClose(): void {
    assert(this.isOpen, 'a connection is closed once');
    this.#response = R.CLOSING;
  }

  onClosed(): void {
    this.#mustBe(R.CLOSING);
    this.#response = R.CLOSED;
    this.#request = Q.NONE;
    this.#isTunnel = false;
  }

  // --- questions -------------------------------------------------------------------------------

  get response(): ResponseState {
    return this.#response;
  }

  /** Nothing is written, and so nothing may be answered. */
  get isRequestNone(): boolean {
    return this.#request === Q.NONE;
  }

  /** More of the request may be written and is of use. */
  get isRequestOpen(): boolean {
    return this.#request === Q.OPEN;
  }

  /** Whoever writes the request has said its last. */
  get isRequestWritten(): boolean {
    return (
      this.#request === Q.WRITTEN || this.#request === Q.SENT || this.#request === Q.BROKEN_WRITTEN
    );
  }

  /** All was written and the kernel has not taken it whole yet. */
  get isRequestFinishing(): boolean {
    return this.#request === Q.WRITTEN;
  }

  get isRequestSent(): boolean {
    return this.#request === Q.SENT;
  }

  /** A send failed. */
  get isBroken(): boolean {
    return this.#request === Q.BROKEN || this.#request === Q.BROKEN_WRITTEN;
  }

  /** Once a 101 was received, also after its end. */
  get isTunnel(): boolean {
    return this.#isTunnel;
  }

  /** Not closed, and nobody has begun to close it. */
  get isOpen(): boolean {
    return this.#response !== R.CLOSED && this.#response !== R.CLOSING;
  }

  /** The body of a response, or a tunnel, is being read. */
  get isReading(): boolean {
    return this.#response === R.BODY || this.#response === R.TUNNEL;
  }

  /** A 101 may be taken: the request is whole and nothing of it was lost. */
  get canSwitch(): boolean {
    return this.isRequestWritten && !this.isBroken;
  }

  /** Nothing of the exchange is left to do on this connection. */
  get isSettled(): boolean {
    return (
      this.#response === R.ENDED && (this.#request === Q.SENT || this.#request === Q.BROKEN_WRITTEN)
    );
  }

  #mustBe(state: ResponseState): void {
    assert(this.#response === state, 'an event of a client connection comes in its state');
  }
}
