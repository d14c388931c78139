// A client that sends exactly the bytes it is given and reads answers one by one.

import { readResponse, type WireMessage } from './wire_message.ts';
import { openWireSocket, type WireSocket } from './wire_socket.ts';

export class WireClient {
  readonly wire: WireSocket;
  #consumed = 0;

  constructor(wire: WireSocket) {
    this.wire = wire;
  }

  /** Connects to `host:port`. */
  static async connect(address: string, allowHalfOpen: boolean = false): Promise<WireClient> {
    const colon = address.lastIndexOf(':');
    const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
    const port = Number(address.slice(colon + 1));
    return new WireClient(await openWireSocket(host, port, allowHalfOpen));
  }

  write(bytes: string | Buffer): void {
    this.wire.write(bytes);
  }

  end(): void {
    this.wire.end();
  }

  /** Bytes that arrived and were not taken as an answer. */
  get unread(): string {
    return this.wire.received.toString('latin1', this.#consumed);
  }

  /** The next whole answer; `method` is that of its request. */
  async response(method: string = 'GET'): Promise<WireMessage> {
    const message = await this.wire.until('a whole answer', () => {
      const { received, isEnded, isReset, isClosed } = this.wire;
      const answer = readResponse(received, this.#consumed, method, isEnded);
      if (answer?.isComplete) return answer;
      if (isEnded || isReset || isClosed) throw new Error(`no whole answer: ${this.#describe()}`);
      return null;
    });
    this.#consumed = message.end;
    return message;
  }

  /** The head of the next answer and what there is of its body; takes nothing. */
  head(method: string = 'GET'): Promise<WireMessage> {
    return this.wire.until('the head of an answer', () => this.peek(method));
  }

  /** The same without waiting. */
  peek(method: string = 'GET'): WireMessage | null {
    return readResponse(this.wire.received, this.#consumed, method, this.wire.isEnded);
  }

  /** All answers until the connection is over, to requests with these methods. */
  async responsesUntilOver(methods: readonly string[] = []): Promise<WireMessage[]> {
    await this.wire.over();
    const answers: WireMessage[] = [];
    for (let finals = 0; this.unread !== ''; ) {
      const answer = this.peek(methods[finals] ?? 'GET');
      if (answer === null) throw new Error(`not an answer: ${this.#describe()}`);
      answers.push(answer);
      if (answer.status >= 200) finals++;
      if (!answer.isComplete) break;
      this.#consumed = answer.end;
    }
    return answers;
  }

  /** Closes our side without waiting. */
  destroy(): void {
    this.wire.socket.destroy();
  }

  #describe(): string {
    return `${JSON.stringify(this.unread.slice(-600))}${this.wire.isReset ? ' RST' : ''}`;
  }
}
