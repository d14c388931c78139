// Cases of the transport suite about listeners and the transport itself: pausing, stopping, many
// connections, deferred tasks, timers, and a close that leaves nothing behind.

import { strict as assert } from 'node:assert';
import { it } from 'node:test';
import { Timer } from '../../base/timer_wheel.ts';
import type { RunCase } from './stream_cases.ts';
import type { SuiteEnvironment, SuiteSubject } from './suite_environment.ts';
import { until, untilQuiet } from './suite_environment.ts';
import { echo, expectClose, TestAcceptor, TestEndpoint } from './test_endpoint.ts';

const CONNECTIONS_COUNT = 1_000;
const BATCH = 50;

export function describeListeners(subject: SuiteSubject, run: RunCase): void {
  it(`opens and closes ${CONNECTIONS_COUNT} connections and leaves nothing behind`, run(many));
  it('accepts nothing while paused, and what waited afterwards', run(pausesAccept));
  it('accepts no more than there is room for, where it is paused in time', run(pausesInTime));
  it('takes what waits in the queue before it has stopped', run(stops));
  it('runs a deferred task once, from a later turn', run(defers));
  it('fires timers', run(timers));
  it('closes with everything open and gives every buffer back', async () => {
    const environment = await subject.open();
    await closesAll(environment);
  });
}

async function many(environment: SuiteEnvironment): Promise<void> {
  const { transport } = environment;
  const { address } = environment.listen('ipv4', new TestAcceptor(transport, echo('continuous')));
  for (let done = 0; done < CONNECTIONS_COUNT; done += BATCH) {
    const clients: TestEndpoint[] = [];
    for (let i = 0; i < BATCH; i++) {
      const client = new TestEndpoint(transport).connect(address).receive('continuous');
      client.write(`hello ${done + i}`);
      clients.push(client);
    }
    await until(environment, () => clients.every((client) => client.receivedBytes >= 7));
    for (const [i, client] of clients.entries()) {
      if (i % 4 === 0) client.reset();
      else client.close();
    }
    await until(environment, () => clients.every((client) => client.isClosed));
  }
  await until(environment, () => transport.connectionsCount === 0);
  assert.equal(transport.pool.ownedCount, environment.ownedAtRest);
  assert.equal(transport.counters.accepted, CONNECTIONS_COUNT);
}

async function pausesAccept(environment: SuiteEnvironment): Promise<void> {
  const { transport } = environment;
  const acceptor = new TestAcceptor(transport, echo('continuous'));
  const { address, listener } = environment.listen('ipv4', acceptor);
  listener.pauseAccept();
  await untilQuiet(environment, () => acceptor.endpoints.length);
  const client = new TestEndpoint(transport).connect(address).write('x').receive('continuous');
  await until(environment, () => client.isConnected);
  await untilQuiet(environment, () => acceptor.endpoints.length);
  assert.equal(acceptor.endpoints.length, 0);
  listener.resumeAccept();
  await until(environment, () => client.receivedBytes === 1);
  listener.pauseAccept();
  listener.resumeAccept();
  const second = new TestEndpoint(transport).connect(address).write('y').receive('continuous');
  await until(environment, () => second.receivedBytes === 1);
  client.close();
  second.close();
}

/** A queue full of connections is not taken at once by an acceptor that has room for a few. */
async function pausesInTime(environment: SuiteEnvironment): Promise<void> {
  const { transport } = environment;
  const acceptor = new TestAcceptor(transport, (endpoint) => {
    if (acceptor.roomCount <= 0) listener.pauseAccept();
    echo('continuous')(endpoint);
  });
  const { address, listener } = environment.listen('ipv4', acceptor);
  const clients: TestEndpoint[] = [];
  const connect = (count: number): void => {
    for (let i = 0; i < count; i++) {
      clients.push(new TestEndpoint(transport).connect(address).write('x').receive('continuous'));
    }
  };
  const answered = (): number => clients.filter((client) => client.receivedBytes === 1).length;
  connect(1);
  await until(environment, () => answered() === 1);
  acceptor.roomMax = 5; // there was room for all, now there is for four more
  connect(1);
  await until(environment, () => answered() === 2);
  connect(20);
  await until(environment, () => clients.every((client) => client.isConnected));
  await untilQuiet(environment, answered);
  assert.equal(acceptor.endpoints.length, 5);
  acceptor.roomMax = Number.POSITIVE_INFINITY;
  listener.resumeAccept();
  await until(environment, () => answered() === clients.length);
  for (const client of clients) client.close();
}

async function stops(environment: SuiteEnvironment): Promise<void> {
  const { transport } = environment;
  const acceptor = new TestAcceptor(transport, echo('continuous'));
  const { address, listener } = environment.listen('ipv4', acceptor);
  await environment.wait();
  listener.pauseAccept();
  await untilQuiet(environment, () => acceptor.endpoints.length);
  const clients: TestEndpoint[] = [];
  for (let i = 0; i < 20; i++) {
    clients.push(new TestEndpoint(transport).connect(address).write('x').receive('continuous'));
  }
  await until(environment, () => clients.every((client) => client.isConnected));
  let isStopped = false;
  listener.stop(() => {
    isStopped = true;
  });
  await until(environment, () => isStopped);
  assert.equal(acceptor.endpoints.length, 20);
  await until(environment, () => clients.every((client) => client.receivedBytes === 1));
  const late = new TestEndpoint(transport).connect(address);
  await untilQuiet(environment, () => acceptor.endpoints.length);
  assert.equal(acceptor.endpoints.length, 20, 'a stopped listener accepts nothing');
  for (const client of [...clients, late]) client.close();
}

async function defers(environment: SuiteEnvironment): Promise<void> {
  const { transport } = environment;
  const order: string[] = [];
  transport.defer(() => {
    order.push('first');
    transport.defer(() => order.push('third'));
  });
  transport.defer(() => order.push('second'));
  assert.deepEqual(order, []);
  await until(environment, () => order.length === 3);
  await untilQuiet(environment, () => order.length);
  assert.deepEqual(order, ['first', 'second', 'third']);
}

async function timers(environment: SuiteEnvironment): Promise<void> {
  const { transport } = environment;
  const { clock } = transport;
  const fired: number[] = [];
  const begin = clock.nowMs;
  const timer = new Timer({
    onTimer: (): void => {
      fired.push(clock.nowMs - begin);
      if (fired.length < 3) transport.timers.set(timer, clock.nowMs + 40);
    },
  });
  transport.defer(() => transport.timers.set(timer, begin + 40));
  await until(environment, () => fired.length === 3);
  assert.ok(fired[0]! >= 40 && fired[1]! >= 80 && fired[2]! >= 120, `${fired}`);
}

async function closesAll(environment: SuiteEnvironment): Promise<void> {
  const { transport } = environment;
  const acceptor = new TestAcceptor(transport, echo('continuous'));
  const { address } = environment.listen('ipv4', acceptor);
  const clients: TestEndpoint[] = [];
  for (let i = 0; i < 10; i++) {
    const client = new TestEndpoint(transport).connect(address).receive('continuous');
    clients.push(client.write('x'));
  }
  await until(environment, () => clients.every((client) => client.receivedBytes === 1));
  // The transport closes them on its own: the endpoints must expect it.
  const endpoints = [...clients, ...acceptor.endpoints];
  expectClose(transport);
  await environment.close();
  assert.ok(endpoints.every((endpoint) => endpoint.isClosed));
  assert.equal(transport.connectionsCount, 0);
  assert.equal(transport.pool.ownedCount, 0);
}
