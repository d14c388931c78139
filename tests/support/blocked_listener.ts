// An address of loopback that accepts no connection any more: a listener whose accept queue is full
// and whose thread sleeps, so that the kernel drops every further SYN. It is what a connect timeout
// needs.

import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** The queue of a backlog of 1 holds two; some kernels take a few more. */
const FILLERS = 8;
const PROGRAM = `
const { createServer } = require('node:net');
const { parentPort } = require('node:worker_threads');
const server = createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});`;

export class BlockedListener {
  readonly port: number;
  readonly #worker: Worker;
  readonly #fillers: Socket[];

  private constructor(port: number, worker: Worker, fillers: Socket[]) {
    this.port = port;
    this.#worker = worker;
    this.#fillers = fillers;
  }

  static async start(): Promise<BlockedListener> {
    const worker = new Worker(PROGRAM, { eval: true });
    const port = await new Promise<number>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    const fillers = Array.from({ length: FILLERS }, () => {
      return connect({ port, host: '127.0.0.1' }).on('error', () => {});
    });
    await new Promise((resolve) => fillers[0]!.once('connect', resolve));
    return new BlockedListener(port, worker, fillers);
  }

  async close(): Promise<void> {
    for (const filler of this.#fillers) filler.destroy();
    await this.#worker.terminate();
  }
}
