// Cases of the transport suite about bytes: none is lost, doubled or moved, in both ways of
// receiving.

import { strict as assert } from 'node:assert';
import { it, type TestContext } from 'node:test';
import { SizeClass } from '../../base/buffer_pool.ts';
import type { SuiteEnvironment, SuiteSubject } from './suite_environment.ts';
import { type AddressKind, hasIpv6, until, untilQuiet } from './suite_environment.ts';
import { echo, pattern, type ReceiveStyle, TestAcceptor, TestEndpoint } from './test_endpoint.ts';

const SIZES: readonly number[] = [
  1, 2, 100, 4_063, 4_064, 4_065, 16_353, 65_503, 65_504, 65_505, 300_001, 1_048_576,
];
const STYLES: readonly ReceiveStyle[] = ['continuous', 'once-small', 'once-medium', 'once-large'];
const KINDS: readonly AddressKind[] = ['ipv4', 'ipv6', 'unix'];

/** Opens the subject, runs the body, closes, and checks that no buffer is left behind. */
export type RunCase = (
  body: (environment: SuiteEnvironment, context: TestContext) => Promise<void>,
) => (context: TestContext) => Promise<void>;

export function describeStreams(subject: SuiteSubject, run: RunCase): void {
  for (const kind of KINDS) {
    const skip = kind === 'ipv6' && subject.isReal && !hasIpv6() ? 'no ::1 here' : false;
    it(
      `accepts and connects over ${kind}, and tells both addresses`,
      { skip },
      run(addresses(kind)),
    );
  }
  for (const style of STYLES) {
    it(`echoes 1 byte to 1 MiB, receiving ${style}`, run(echoes(style)));
  }
  it('loses no byte when receiving is paused and resumed under a fast writer', run(pauses));
  it('takes one delivery per receiveOnce, and stalls the peer in between', run(stalls));
  it('sends what was queued before the connection was open', run(sendsEarly));
  it('waits for a buffer when the pool is empty, and loses no byte', run(starves));
}

function addresses(kind: AddressKind): (environment: SuiteEnvironment) => Promise<void> {
  return async (environment) => {
    const { transport } = environment;
    const acceptor = new TestAcceptor(transport, echo('continuous'));
    const { address } = environment.listen(kind, acceptor);
    const client = new TestEndpoint(transport).connect(address).receive('continuous');
    client.write('ping');
    await until(environment, () => client.receivedBytes === 4);
    const server = acceptor.endpoints[0]!.connection;
    const host = kind === 'ipv4' ? '127.0.0.1' : kind === 'ipv6' ? '::1' : '';
    assert.equal(client.connection.remoteHost, host);
    assert.equal(client.connection.remotePort, address.kind === 'tcp' ? address.port : 0);
    assert.equal(server.remoteHost, host);
    assert.equal(server.localHost, host);
    assert.equal(server.localPort, client.connection.remotePort);
    assert.equal(server.remotePort, client.connection.localPort);
    assert.equal(transport.connectionsCount, 2);
    assert.equal(client.connection.bytesSent, 4);
    assert.equal(server.bytesReceived, 4);
    assert.equal(transport.counters.accepted, 1);
    assert.equal(transport.counters.connected, 1);
    client.close();
    await until(environment, () => transport.connectionsCount === 0);
  };
}

function echoes(style: ReceiveStyle): (environment: SuiteEnvironment) => Promise<void> {
  return async (environment) => {
    const { transport } = environment;
    const { address } = environment.listen('ipv4', new TestAcceptor(transport, echo(style)));
    for (const size of SIZES) {
      const sent = pattern(size);
      const client = new TestEndpoint(transport).connect(address).receive(style);
      client.write(sent);
      await until(environment, () => client.receivedBytes >= size);
      client.shutdownSend();
      await until(environment, () => client.isEnded);
      assert.ok(client.received().equals(sent), `${size} bytes come back unchanged`);
      assert.equal(client.connection.bytesReceived, size);
      assert.equal(client.connection.bytesSent, size);
      client.close();
      await until(environment, () => client.isClosed);
    }
    await until(environment, () => transport.connectionsCount === 0);
  };
}

/** Stops after each delivery, goes on from a later turn, in alternating ways. */
async function pauses(environment: SuiteEnvironment): Promise<void> {
  const { transport } = environment;
  const acceptor = new TestAcceptor(transport, (endpoint) => {
    endpoint.receiveContinuously();
    endpoint.onDelivery = (): void => {
      const turn = endpoint.deliveriesCount;
      endpoint.pause();
      transport.defer(() => {
        if (turn % 3 === 0) endpoint.receiveOnce(SizeClass.LARGE);
        else if (turn % 3 === 1) endpoint.receiveContinuously();
        else endpoint.receiveOnce(SizeClass.SMALL);
        if (turn % 5 === 0) {
          endpoint.pause(); // changed its mind: nothing may come, nothing may be lost
          transport.defer(() => endpoint.receive('continuous'));
        }
      });
    };
  });
  const { address } = environment.listen('ipv4', acceptor);
  const sent = pattern(2_000_003);
  const client = new TestEndpoint(transport).connect(address).write(sent);
  await until(environment, () => acceptor.endpoints[0]?.receivedBytes === sent.length);
  const server = acceptor.endpoints[0]!;
  assert.ok(server.received().equals(sent));
  client.shutdownSend();
  server.onDelivery = null;
  server.receive('continuous');
  await until(environment, () => server.isEnded);
  client.close();
  server.close();
}

async function stalls(environment: SuiteEnvironment): Promise<void> {
  const { transport } = environment;
  const acceptor = new TestAcceptor(transport);
  const { address } = environment.listen('ipv4', acceptor);
  const sent = pattern(32 * 1_048_576);
  const client = new TestEndpoint(transport).connect(address).write(sent);
  await until(environment, () => acceptor.endpoints.length === 1);
  const server = acceptor.endpoints[0]!;
  server.receiveOnce(SizeClass.LARGE);
  await until(environment, () => server.deliveriesCount === 1);
  await untilQuiet(environment, () => client.connection.bytesSent);
  assert.equal(server.deliveriesCount, 1, 'one delivery per request');
  assert.ok(client.connection.isSending, 'the send is stalled');
  assert.ok(client.connection.bytesSent < sent.length / 2);
  const stalledAt = client.connection.bytesSent;
  assert.ok(stalledAt >= server.receivedBytes);
  server.receive('once-large');
  await until(environment, () => server.receivedBytes === sent.length);
  assert.ok(client.connection.bytesSent > stalledAt);
  assert.ok(server.received().equals(sent));
  client.close();
  server.close();
}

async function sendsEarly(environment: SuiteEnvironment): Promise<void> {
  const { transport } = environment;
  const { address } = environment.listen('ipv4', new TestAcceptor(transport, echo('once-large')));
  const client = new TestEndpoint(transport).connect(address);
  assert.equal(client.isConnected, false);
  client.write('early').receive('continuous');
  assert.equal(client.connection.isSending, true);
  await until(environment, () => client.receivedBytes === 5);
  assert.equal(client.received().toString(), 'early');
  client.close();
}

async function starves(environment: SuiteEnvironment): Promise<void> {
  const { transport } = environment;
  const acceptor = new TestAcceptor(transport, (endpoint) => {
    endpoint.isHoarding = true;
    endpoint.receive('continuous');
  });
  const { address } = environment.listen('ipv4', acceptor);
  const { pool } = transport;
  const sent = pattern(pool.freeCount(SizeClass.SMALL) * 4_096 * 2);
  const client = new TestEndpoint(transport).connect(address).write(sent);
  let rounds = 0;
  while (acceptor.endpoints[0]?.receivedBytes !== sent.length) {
    await environment.wait();
    const server = acceptor.endpoints[0];
    if (server === undefined) continue;
    if (pool.freeCount(SizeClass.SMALL) > 0 && server.receivedBytes < sent.length) continue;
    await untilQuiet(environment, () => server.receivedBytes);
    server.releaseHoarded();
    rounds++;
  }
  assert.ok(rounds > 1);
  assert.ok(transport.counters.receiveStarvations > 0);
  const server = acceptor.endpoints[0]!;
  assert.ok(server.received().equals(sent));
  server.releaseHoarded();
  client.close();
  server.close();
}
