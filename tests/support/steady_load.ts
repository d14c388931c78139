// Load that goes on until it is told to stop: clients that ask one request after the other, some on
// kept connections and some on a new one for each. Whatever is not the wanted answer is a failure.

import { Agent, request } from 'node:http';

const KEPT_CLIENTS = 6;
const FRESH_CLIENTS = 2;
const FAILURES_KEPT = 10;

export interface LoadResult {
  readonly answered: number;
  /** What was wrong; the first few. */
  readonly failures: readonly string[];
  /** Different bodies, and how often each came. */
  readonly bodies: ReadonlyMap<string, number>;
}

export class SteadyLoad {
  readonly #url: string;
  readonly #failures: string[] = [];
  readonly #bodies = new Map<string, number>();
  readonly #clients: Promise<void>[] = [];
  #answered = 0;
  #isOver = false;

  constructor(url: string) {
    this.#url = url;
    for (let i = 0; i < KEPT_CLIENTS; i++) this.#clients.push(this.#run(true));
    for (let i = 0; i < FRESH_CLIENTS; i++) this.#clients.push(this.#run(false));
  }

  get answered(): number {
    return this.#answered;
  }

  /** Lets each client have its last answer. */
  async stop(): Promise<LoadResult> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    return { answered: this.#answered, failures: this.#failures, bodies: this.#bodies };
  }

  async #run(isKept: boolean): Promise<void> {
    const agent = new Agent({ keepAlive: isKept, maxSockets: 1 });
    while (!this.#isOver) {
      try {
        const body = await ask(this.#url, agent);
        this.#answered++;
        this.#bodies.set(body, (this.#bodies.get(body) ?? 0) + 1);
      } catch (error) {
        if (this.#failures.length < FAILURES_KEPT) this.#failures.push((error as Error).message);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
    agent.destroy();
  }
}

function ask(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`status ${response.statusCode}: ${body}`));
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}
