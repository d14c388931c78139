// Receiving on the ring while a class of buffers is used up: who waits for another class goes on,
// and nobody is armed in vain again and again.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { type BufferHandle, SizeClass } from '../base/buffer_pool.ts';
import { realSubject } from './transport_suite/open_real.ts';
import { type SuiteEnvironment, until, untilQuiet } from './transport_suite/suite_environment.ts';
import {
  expectClose,
  pattern,
  TestAcceptor,
  TestEndpoint,
} from './transport_suite/test_endpoint.ts';

const subject = await realSubject('uring');

async function withTransport(
  body: (environment: SuiteEnvironment) => Promise<void>,
): Promise<void> {
  const environment = await subject.open({ small: 16, medium: 8, large: 64 });
  try {
    await body(environment);
  } finally {
    expectClose(environment.transport);
    await environment.close();
  }
  assert.equal(environment.transport.pool.ownedCount, 0, 'no buffer is left');
}

/** Opens `count` connections from clients that send from the large class. */
async function openPairs(
  environment: SuiteEnvironment,
  count: number,
): Promise<{ clients: TestEndpoint[]; servers: TestEndpoint[] }> {
  const { transport } = environment;
  const acceptor = new TestAcceptor(transport);
  const { address } = environment.listen('ipv4', acceptor);
  const clients: TestEndpoint[] = [];
  for (let i = 0; i < count; i++) clients.push(new TestEndpoint(transport).connect(address));
  await until(environment, () => acceptor.endpoints.length === count);
  return { clients, servers: acceptor.endpoints };
}

/** Uses up the small buffers, those included that the ring holds. */
async function useUpSmall(environment: SuiteEnvironment): Promise<BufferHandle[]> {
  const { pool } = environment.transport;
  const held: BufferHandle[] = [];
  while (pool.freeCount(SizeClass.SMALL) > 0) held.push(pool.acquire(SizeClass.SMALL));
  const { clients, servers } = await openPairs(environment, 1);
  const [server] = servers;
  server!.isHoarding = true;
  clients[0]!.write(pattern(60_000));
  server!.receive('continuous');
  await untilQuiet(environment, () => server!.receivedBytes);
  assert.ok(server!.receivedBytes < 60_000, 'the small buffers are used up');
  server!.pause();
  held.push(...server!.hoarded.splice(0));
  return held;
}

describe('UringCore', { skip: subject.skip ?? false, timeout: 60_000 }, () => {
  it('arms again who waited for a medium buffer although no small one is free', async () => {
    await withTransport(async (environment) => {
      const held = await useUpSmall(environment);
      const { clients, servers } = await openPairs(environment, 12);
      for (const client of clients) client.write(pattern(9_000));
      await until(environment, () => clients.every((client) => !client.isSendingAny));
      // More at once than the ring of medium buffers holds.
      for (const server of servers) server.receiveOnce(SizeClass.MEDIUM);
      await until(environment, () => servers.every((server) => server.receivedBytes === 9_000));
      for (const buffer of held) environment.transport.pool.release(buffer);
    });
  });

  it('leaves small buffers for heads where large bodies have used up the others', async () => {
    await withTransport(async (environment) => {
      const { pool } = environment.transport;
      const { clients, servers } = await openPairs(environment, 2);
      servers[0]!.isHoarding = true;
      clients[0]!.write(pattern(16_000_000));
      servers[0]!.receive('once-large');
      await untilQuiet(environment, () => servers[0]!.receivedBytes);
      assert.equal(pool.freeCount(SizeClass.MEDIUM), 0);
      assert.ok(pool.freeCount(SizeClass.SMALL) >= 2, 'some are left');
      clients[1]!.write('GET / HTTP/1.1');
      servers[1]!.receive('continuous');
      await until(environment, () => servers[1]!.receivedBytes === 14);
      servers[0]!.isHoarding = false;
      servers[0]!.releaseHoarded();
      await until(environment, () => servers[0]!.receivedBytes === 16_000_000);
    });
  });

  it('arms no more starved connections than there are buffers', async () => {
    await withTransport(async (environment) => {
      const { transport } = environment;
      const held = await useUpSmall(environment);
      const { clients, servers } = await openPairs(environment, 40);
      for (const client of clients) client.write(pattern(5_000));
      await until(environment, () => clients.every((client) => !client.isSendingAny));
      for (const server of servers) server.isHoarding = true;
      for (const server of servers) server.receiveOnce(SizeClass.SMALL);
      await untilQuiet(environment, () => transport.counters.receiveStarvations);
      const before = transport.counters.receiveStarvations;
      for (const buffer of held.splice(0, 4)) transport.pool.release(buffer);
      await untilQuiet(environment, () => transport.counters.rounds);
      const delivered = servers.filter((server) => server.deliveriesCount > 0).length;
      assert.ok(delivered >= 1 && delivered <= 4);
      const inVain = transport.counters.receiveStarvations - before;
      assert.ok(inVain <= 4, `${inVain} receives were armed in vain`);
      for (const server of servers) server.releaseHoarded();
      for (const buffer of held) transport.pool.release(buffer);
    });
  });
});
