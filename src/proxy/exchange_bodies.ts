// The two bodies of an exchange: the pump of each direction, and the body of an answer of our own.

import type { ClientStream, ServerStream } from '../http/exchange_contract.ts';
import { Framing, type RequestHead } from '../http/message_head.ts';
import { BodyPump, PumpState } from './body_pump.ts';
import type { ExchangeContext } from './exchange_context.ts';
import { OwnBodySource } from './own_body.ts';

export class ExchangeBodies {
  readonly request: BodyPump;
  readonly response: BodyPump;
  readonly own: OwnBodySource;
  hasRequestBody = false;

  constructor(context: ExchangeContext) {
    const { pool, clock, timers } = context;
    this.request = new BodyPump(pool);
    this.response = new BodyPump(pool);
    this.own = new OwnBodySource(pool, clock, timers, this.response);
  }

  /** Opens the request's body, if it has one; nothing is read yet. */
  openRequest(stream: ServerStream, head: RequestHead): void {
    this.hasRequestBody = hasBody(head);
    if (this.hasRequestBody) this.request.open(stream);
  }

  /** A chunk of the request was handed to an endpoint: it cannot be sent to another one. */
  get isRequestWritten(): boolean {
    // Without a body the pump was not opened: what it says is of an exchange before this one.
    return this.hasRequestBody && this.request.isWritten;
  }

  /** Moves the response's body from `client`; null where it has ended already, empty. */
  startResponse(client: ClientStream | null, stream: ServerStream): void {
    const pump = this.response;
    if (pump.state === PumpState.OFF) pump.open(client!);
    pump.setSink(stream);
    pump.start();
  }

  /** From here on both directions are raw bytes. */
  startTunnel(client: ClientStream, stream: ServerStream): void {
    this.request.open(stream);
    this.request.setSink(client);
    this.request.start();
    this.startResponse(client, stream);
  }

  /** Stops in any state: what is held goes back. */
  stop(): void {
    this.request.stop();
    this.response.stop();
    this.own.stop();
  }
}

function hasBody(head: RequestHead): boolean {
  if (head.framing === Framing.NONE) return false;
  return head.framing !== Framing.LENGTH || head.contentLength !== 0;
}
