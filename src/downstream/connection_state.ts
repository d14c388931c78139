// What a downstream HTTP/1.1 connection is doing. Pure functions over a number, one per event, so
// that an idle connection pays nothing for it; an event that a state does not know is our bug and
// asserts.
//
//  accepted
//     |    first byte     head complete        101
//     v        |              |                 |
//    IDLE -----+----> HEAD ---+--> EXCHANGE ----+--> TUNNEL
//     ^ ^              ^  |         | | | |            |
//     | |  pipelined   |  |         | | | |            |
//     | +---kept-------+--|---------+ | | |            |
//     |                |  | refused   | | +--> DISCARD |  kept, but the body is not over:
//     |                |  v           | |       |  |   |  IDLE or HEAD behind it
//     +----------------+--|-----------|-|-------+  |   |
//                      REFUSAL <------+ |          |   |
//                         |      failed |          |   |
//                         |             | not kept |   |
//                         +--> LINGER <-+          |   |
//                                 |                |   |
//  (any state) -------------> CLOSING <------------+---+ --onClosed--> CLOSED

import { assert } from '../base/assert.ts';

export const ConnectionState = {
  /** No connection: the object lies in its pool. */
  CLOSED: 0,
  /** Waits for the first byte of a request; holds no buffer. */
  IDLE: 1,
  /** A part of a head is here. */
  HEAD: 2,
  /** A request is being served. */
  EXCHANGE: 3,
  /**
   * The answer was sent and the connection is kept, but the rest of the request's body has to pass
   * first.
   */
  DISCARD: 4,
  /** After a 101: raw bytes both ways. */
  TUNNEL: 5,
  /** The driver's own error answer is being sent. */
  REFUSAL: 6,
  /** The last answer is out and our side is shut: what still arrives is thrown away. */
  LINGER: 7,
  /** Closed or reset by us; the transport has not finished yet. */
  CLOSING: 8,
} as const;
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState];

const { CLOSED, IDLE, HEAD, EXCHANGE, DISCARD, TUNNEL, REFUSAL, LINGER, CLOSING } = ConnectionState;

/** The acceptor took a connection. */
export function onAccepted(state: ConnectionState): ConnectionState {
  assert(state === CLOSED, 'a connection begins closed');
  return IDLE;
}

/** Bytes of a new request are here: the first after idling, or pipelined behind the last one. */
export function onRequestBytes(state: ConnectionState): ConnectionState {
  assert(state === IDLE || state === EXCHANGE || state === DISCARD, 'a request begins between two');
  return HEAD;
}

/** A head was decoded. */
export function onHeadComplete(state: ConnectionState): ConnectionState {
  assert(state === HEAD, 'a head is completed once');
  return EXCHANGE;
}

/** The client asked for something that the driver answers with an error itself. */
export function onRefused(state: ConnectionState): ConnectionState {
  assert(state === HEAD || state === EXCHANGE, 'a request is refused while it has no answer');
  return REFUSAL;
}

/** The exchange answered 101. */
export function onSwitched(state: ConnectionState): ConnectionState {
  assert(state === EXCHANGE, 'an exchange becomes a tunnel');
  return TUNNEL;
}

/** The answer is out, the connection stays, the request's body is not over. */
export function onAnsweredEarly(state: ConnectionState): ConnectionState {
  assert(state === EXCHANGE, 'an exchange is answered once');
  return DISCARD;
}

/** The request and its answer are over, and nothing of the next one is here. */
export function onRequestOver(state: ConnectionState): ConnectionState {
  assert(state === EXCHANGE || state === DISCARD, 'a connection idles after a request');
  return IDLE;
}

/** The last answer is out and the client may still be sending. */
export function onLastAnswered(state: ConnectionState): ConnectionState {
  assert(state === EXCHANGE || state === REFUSAL, 'the last answer was sent');
  return LINGER;
}

/** We close or reset. */
export function onClosing(state: ConnectionState): ConnectionState {
  assert(state !== CLOSED && state !== CLOSING, 'a connection is closed once');
  return CLOSING;
}

/** The transport is done with it. */
export function onGone(state: ConnectionState): ConnectionState {
  assert(state === CLOSING, 'a connection is gone after it was closed');
  return CLOSED;
}

/** Whether nothing more will be done for the client. */
export function isOver(state: ConnectionState): boolean {
  return state === CLOSING || state === CLOSED;
}

/** Whether the connection has a stream that holds its bytes. */
export function hasStream(state: ConnectionState): boolean {
  return (
    state === HEAD ||
    state === EXCHANGE ||
    state === DISCARD ||
    state === TUNNEL ||
    state === REFUSAL
  );
}
