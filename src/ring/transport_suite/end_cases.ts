// Cases of the transport suite about ends: FIN, RST, errors, and who gets his buffer back when.

import { strict as assert } from 'node:assert';
import { it } from 'node:test';
import { SizeClass } from '../../base/buffer_pool.ts';
import { SocketError } from '../transport.ts';
import type { RunCase } from './stream_cases.ts';
import type { SuiteEnvironment } from './suite_environment.ts';
import { until, untilQuiet } from './suite_environment.ts';
import { echo, pattern, TestAcceptor, TestEndpoint } from './test_endpoint.ts';

interface Pair {
  readonly client: TestEndpoint;
  readonly server: TestEndpoint;
}

export function describeEnds(run: RunCase): void {
  it('tells a FIN as onReceiveEnd and still sends', run(halfClose));
  it('keeps a FIN back while receiving is paused', run(pausedEnd));
  it('tells a reset of the peer as RESET', run(resetSeen));
  it('delivers what came before a reset, however it is asked for', run(resetBehindBytes));
  it('takes no bytes of a client that is gone before it was accepted', run(goneBeforeAccept));
  it('tells a refused connection and a missing Unix path', run(refusals));
  it(
    'returns the buffer of a send in flight once, then onClosed, on close()',
    run(closing('close')),
  );
  it(
    'returns the buffer of a send in flight once, then onClosed, on reset()',
    run(closing('reset')),
  );
  it('closes while connecting and returns the queued send', run(closesEarly));
  it('fails a send after the peer is gone, and still reads what came before', run(lateSend));
  it('fails a send after shutdownSend with PIPE', run(sendAfterFin));
  it('may be closed from inside every callback, and twice', run(closesInside));
  it('sends out what was sent whole before close()', run(closeFlushes));
  it('reaches no former handler when a connection object is used again', run(reuse));
}

async function openPair(environment: SuiteEnvironment): Promise<Pair> {
  const { transport } = environment;
  const acceptor = new TestAcceptor(transport);
  const { address } = environment.listen('ipv4', acceptor);
  const client = new TestEndpoint(transport).connect(address);
  await until(environment, () => client.isConnected && acceptor.endpoints.length === 1);
  return { client, server: acceptor.endpoints[0]! };
}

async function closeAll(environment: SuiteEnvironment, pair: Pair): Promise<void> {
  for (const end of [pair.client, pair.server]) if (!end.isClosing) end.close();
  await until(environment, () => pair.client.isClosed && pair.server.isClosed);
}

async function halfClose(environment: SuiteEnvironment): Promise<void> {
  const pair = await openPair(environment);
  const { client, server } = pair;
  client.receive('continuous');
  server.receive('once-large');
  client.write('question');
  await until(environment, () => server.receivedBytes === 8);
  client.shutdownSend();
  await until(environment, () => server.isEnded);
  server.write(pattern(200_000));
  await until(environment, () => client.receivedBytes === 200_000);
  assert.equal(client.isEnded, false);
  server.shutdownSend();
  await until(environment, () => client.isEnded);
  await closeAll(environment, pair);
  assert.deepEqual(client.events, ['connected', 'end', 'closed']);
  assert.deepEqual(server.events, ['end', 'closed']);
}

async function pausedEnd(environment: SuiteEnvironment): Promise<void> {
  const pair = await openPair(environment);
  const { client, server } = pair;
  server.receiveContinuously();
  await untilQuiet(environment, () => server.receivedBytes);
  server.pause();
  client.write('x');
  await until(environment, () => !client.isSendingAny);
  client.shutdownSend();
  await untilQuiet(environment, () => server.receivedBytes);
  assert.equal(server.isEnded, false);
  server.receiveOnce(SizeClass.SMALL);
  await until(environment, () => server.receivedBytes === 1);
  await untilQuiet(environment, () => server.receivedBytes);
  assert.equal(server.isEnded, false, 'the end is a delivery of its own');
  server.receiveOnce(SizeClass.SMALL);
  await until(environment, () => server.isEnded);
  await closeAll(environment, pair);
}

async function resetSeen(environment: SuiteEnvironment): Promise<void> {
  const pair = await openPair(environment);
  pair.client.receive('continuous');
  await environment.wait();
  pair.server.reset();
  await until(environment, () => pair.client.error !== SocketError.NONE);
  assert.equal(pair.client.error, SocketError.RESET);
  await closeAll(environment, pair);
  assert.deepEqual(pair.client.events, ['connected', `error ${SocketError.RESET}`, 'closed']);
}

/** The first delivery pauses: the rest, and the reset behind it, came at the same moment. */
async function resetBehindBytes(environment: SuiteEnvironment): Promise<void> {
  const pair = await openPair(environment);
  const { client, server } = pair;
  const sent = pattern(40_000);
  server.write(sent);
  await until(environment, () => !server.isSendingAny);
  server.reset();
  await until(environment, () => server.isClosed);
  client.onDelivery = (): void => {
    if (client.deliveriesCount === 1) client.pause();
  };
  client.receiveContinuously();
  await until(environment, () => client.deliveriesCount === 1);
  await untilQuiet(environment, () => client.receivedBytes);
  assert.equal(client.error, SocketError.NONE, 'nothing overtakes the bytes');
  client.receive('once-small');
  await until(environment, () => client.error !== SocketError.NONE);
  assert.equal(client.error, SocketError.RESET);
  assert.ok(client.received().equals(sent));
  await closeAll(environment, pair);
}

/** Nobody could say any more who had sent them: the kernel has forgotten the address. */
async function goneBeforeAccept(environment: SuiteEnvironment): Promise<void> {
  const { transport } = environment;
  if (transport.kind === 'simulated') return; // has no accept queue of a kernel
  const acceptor = new TestAcceptor(transport, (endpoint) => {
    endpoint.receive('continuous');
    endpoint.onEvent = (): void => endpoint.close();
  });
  const { address, listener } = environment.listen('ipv4', acceptor);
  listener.pauseAccept();
  await untilQuiet(environment, () => 0);
  const client = new TestEndpoint(transport).connect(address).write('an anonymous request');
  await until(environment, () => client.isConnected && !client.isSendingAny);
  client.reset();
  await until(environment, () => client.isClosed);
  listener.resumeAccept();
  await untilQuiet(environment, () => acceptor.endpoints.length);
  for (const endpoint of acceptor.endpoints) {
    assert.equal(endpoint.receivedBytes, 0);
    assert.equal(endpoint.isClosed, true);
  }
}

async function refusals(environment: SuiteEnvironment): Promise<void> {
  const { transport } = environment;
  const refused = new TestEndpoint(transport).connect(environment.deadAddress('ipv4'));
  const missing = new TestEndpoint(transport).connect(environment.deadAddress('unix'));
  refused.write('never').receive('continuous');
  await until(environment, () => refused.error !== 0 && missing.error !== 0);
  assert.equal(refused.error, SocketError.REFUSED);
  assert.equal(missing.error, SocketError.UNREACHABLE);
  assert.equal(transport.connectionsCount, 2, 'the handler closes');
  refused.close();
  missing.close();
  await until(environment, () => refused.isClosed && missing.isClosed);
  assert.equal(transport.connectionsCount, 0);
  assert.equal(transport.counters.connectFailures, 2);
}

function closing(how: 'close' | 'reset'): (environment: SuiteEnvironment) => Promise<void> {
  return async (environment) => {
    const pair = await openPair(environment);
    const { client, server } = pair;
    client.write(pattern(32 * 1_048_576));
    await untilQuiet(environment, () => client.connection.bytesSent);
    assert.ok(client.connection.isSending);
    if (how === 'close') client.close();
    else client.reset();
    await until(environment, () => client.isClosed);
    assert.deepEqual(client.events, ['connected', `send error ${SocketError.CANCELED}`, 'closed']);
    if (how === 'reset') {
      server.receive('once-large');
      await until(environment, () => server.error !== SocketError.NONE);
      assert.equal(server.error, SocketError.RESET);
      assert.equal(server.isEnded, false, 'a reset never looks like an end');
    }
    await closeAll(environment, pair);
  };
}

async function closesEarly(environment: SuiteEnvironment): Promise<void> {
  const { transport } = environment;
  const { address } = environment.listen('ipv4', new TestAcceptor(transport, echo('continuous')));
  const client = new TestEndpoint(transport).connect(address).write('never').receive('continuous');
  client.close();
  await until(environment, () => client.isClosed);
  assert.deepEqual(client.events, [`send error ${SocketError.CANCELED}`, 'closed']);
  await until(environment, () => transport.connectionsCount === 0);
}

/** The peer answers and goes without having read all: its kernel sends a RST behind the answer. */
async function lateSend(environment: SuiteEnvironment): Promise<void> {
  const pair = await openPair(environment);
  const { client, server } = pair;
  client.write('a request that nobody reads');
  await until(environment, () => !client.isSendingAny);
  server.write('the answer');
  await until(environment, () => !server.isSendingAny);
  server.close();
  await until(environment, () => server.isClosed);
  while (client.sendError === SocketError.NONE) {
    if (!client.isSendingAny) client.write('more');
    await environment.wait();
  }
  const { PIPE, RESET } = SocketError;
  assert.ok([PIPE, RESET].some((error) => error === client.sendError));
  client.receive('continuous');
  await until(environment, () => client.isEnded || client.error !== SocketError.NONE);
  assert.equal(client.received().toString(), 'the answer');
  await closeAll(environment, pair);
}

async function sendAfterFin(environment: SuiteEnvironment): Promise<void> {
  const pair = await openPair(environment);
  const { client, server } = pair;
  client.shutdownSend();
  server.receive('continuous');
  await until(environment, () => server.isEnded);
  client.write('late');
  await until(environment, () => client.sendError !== SocketError.NONE);
  assert.equal(client.sendError, SocketError.PIPE);
  await closeAll(environment, pair);
}

async function closesInside(environment: SuiteEnvironment): Promise<void> {
  const { transport } = environment;
  const clients: TestEndpoint[] = [];
  const acceptor = new TestAcceptor(transport, (endpoint) => {
    // The first is closed inside onAccept, the others with their first delivery.
    if (acceptor.endpoints.length === 1) {
      endpoint.close();
      endpoint.close();
      return;
    }
    endpoint.receive('continuous');
    endpoint.onDelivery = (): void => endpoint.close();
    endpoint.onEvent = (name): void => {
      if ((name === 'error' || name === 'end') && !endpoint.isClosing) endpoint.close();
    };
  });
  const { address } = environment.listen('ipv4', acceptor);
  for (const moment of ['end', 'connected', 'sent', 'end']) {
    const client = new TestEndpoint(transport).connect(address);
    client.onEvent = (name): void => {
      if ((name === moment || name === 'error') && !client.isClosing) client.close();
    };
    client.write('hello').receive('continuous');
    clients.push(client);
    await until(environment, () => client.isClosed);
  }
  await until(environment, () => transport.connectionsCount === 0);
  assert.ok(acceptor.endpoints.every((endpoint) => endpoint.isClosed));
}

async function closeFlushes(environment: SuiteEnvironment): Promise<void> {
  const pair = await openPair(environment);
  const { client, server } = pair;
  const sent = pattern(60_000);
  client.write(sent);
  await until(environment, () => !client.isSendingAny);
  client.close();
  await until(environment, () => client.isClosed);
  server.receive('once-medium');
  await until(environment, () => server.isEnded);
  assert.ok(server.received().equals(sent));
  await closeAll(environment, pair);
}

/**
 * Connections that end in the middle of everything, again and again; the endpoints check each
 * callback.
 */
async function reuse(environment: SuiteEnvironment): Promise<void> {
  const { transport } = environment;
  const acceptor = new TestAcceptor(transport, echo('continuous'));
  const { address } = environment.listen('ipv4', acceptor);
  const seen = new Set<unknown>();
  for (let round = 0; round < 60; round++) {
    const text = `round ${round} `.repeat(200);
    const client = new TestEndpoint(transport).connect(address).receive('continuous').write(text);
    seen.add(client.connection);
    await until(environment, () => client.receivedBytes > 0);
    assert.ok(text.startsWith(client.received().toString()));
    if (round % 2 === 0) client.write(pattern(500_000));
    if (round % 3 === 0) client.reset();
    else client.close();
    await until(environment, () => client.isClosed);
  }
  assert.ok(seen.size < 60, 'connection objects are used again');
  await until(environment, () => transport.connectionsCount === 0);
}
