// A worker that keeps to the protocol and serves with node:http, for tests of the supervisor alone.
// What it does wrong is written in the snapshot: a route named `refuse`, `hang`, `die` or `mistake`
// is its answer to being prepared, one named `no-start` keeps it from starting.
//
// It answers each request with the body of the first route and its own process id.

import { createServer, type Server } from 'node:http';
import { Cell } from '../../src/base/metrics_cells.ts';
import { sharedRow } from '../../src/base/shared_layout.ts';
import type { Snapshot } from '../../src/config/snapshot.ts';
import type { RouteOptions } from '../../src/proxy/options.ts';
import { WORKER_CHANNEL_DESCRIPTOR } from '../../src/server/worker_process.ts';
import type {
  FromWorker,
  PrepareMessage,
  StartMessage,
  ToWorker,
} from '../../src/server/worker_protocol.ts';
import { receiveDescriptors } from '../../src/sys/descriptor_channel.ts';
import { duplicateDescriptor } from '../../src/sys/duplicate_descriptor.ts';
import { openSharedMemory } from '../../src/sys/shared_memory.ts';
import { closeDescriptor } from '../../src/sys/sockets.ts';

const BEAT_MS = 200;

interface Prepared {
  readonly message: PrepareMessage;
  readonly routes: RouteOptions[];
  readonly descriptors: readonly number[];
}

let cells: Float64Array = new Float64Array(64);
let snapshot: Pick<Snapshot, 'hash'> | null = null;
let routes: readonly RouteOptions[] = [];
let prepared: Prepared | null = null;
let isHandedOver = false;
let isDraining = false;
/** By socket id; the descriptor is ours to close. */
const sockets = new Map<number, { readonly descriptor: number; server: Server | null }>();

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const) {
  process.on(signal, () => {});
}
process.on('SIGUSR2', () => {
  if (isHandedOver) drain(60_000);
});
process.on('message', (message) => onMessage(message as ToWorker));
process.on('disconnect', () => {
  if (!isHandedOver) process.exit(1);
});

function onMessage(message: ToWorker): void {
  switch (message.type) {
    case 'start':
      start(message);
      return;
    case 'accept':
      listenAll();
      return;
    case 'prepare':
      prepared = { message, routes: [], descriptors: takeDescriptors(message.generation) };
      if (message.routesCount === 0) finishPrepare(prepared);
      return;
    case 'prepare-routes':
      if (prepared?.message.generation !== message.generation) return;
      prepared.routes.push(...message.routes);
      if (prepared.routes.length === prepared.message.routesCount) finishPrepare(prepared);
      return;
    case 'commit':
      commit(message.generation);
      return;
    case 'abandon':
      for (const descriptor of prepared?.descriptors ?? []) closeDescriptor(descriptor);
      prepared = null;
      return;
    case 'hand-over':
      isHandedOver = true;
      return;
    case 'drain':
      drain(message.deadlineMs);
      return;
    case 'end':
      process.exit(0);
  }
}

function start(message: StartMessage): void {
  if (message.snapshot.routes.some(({ name }) => name === 'no-start')) {
    const failure = { code: 'ZP_SCRIPTED', message: 'this worker does not start' };
    process.send!({ type: 'failed', failure }, () => process.exit(1));
    return;
  }
  ({ snapshot, routes } = { snapshot: message.snapshot, routes: message.snapshot.routes });
  cells = sharedRow(openSharedMemory(message.segmentDescriptor).buffer, message.row);
  const beat = (): void => {
    cells[Cell.HEARTBEAT_MS] = performance.now();
  };
  setInterval(beat, BEAT_MS);
  beat();
  for (const { descriptor, socketId } of message.listeners) {
    sockets.set(socketId, { descriptor, server: null });
  }
  if (!message.isStandby) listenAll();
  send({ type: 'ready', transport: 'scripted' });
}

function takeDescriptors(generation: number): readonly number[] {
  const taken: number[] = [];
  for (;;) {
    const received = receiveDescriptors(WORKER_CHANNEL_DESCRIPTOR);
    if (received === null) return taken;
    if (received.generation === generation) taken.push(...received.descriptors);
    else for (const descriptor of received.descriptors) closeDescriptor(descriptor);
  }
}

function finishPrepare({ message, routes: all }: Prepared): void {
  const { generation } = message;
  const name = all.map((route) => route.name).find((text) => text in ANSWERS) ?? '';
  const answer = ANSWERS[name];
  if (answer !== undefined) answer(generation);
  else send({ type: 'prepared', generation, hash: message.snapshot.hash });
}

const ANSWERS: Readonly<Record<string, (generation: number) => void>> = {
  refuse: (generation) => {
    const location = { file: 'zproxy.json', line: 7, column: 3 };
    const failure = { code: 'ZP_SCRIPTED', message: 'I do not like it', location };
    send({ type: 'refused', generation, failure });
  },
  hang: () => {},
  die: () => process.kill(process.pid, 'SIGKILL'),
  mistake: (generation) => send({ type: 'prepared', generation, hash: 'another' }),
};

function commit(generation: number): void {
  if (prepared?.message.generation !== generation) return;
  const { message, descriptors } = prepared;
  ({ snapshot, routes } = { snapshot: message.snapshot, routes: prepared.routes });
  prepared = null;
  const wanted = new Set(message.listeners.map(({ socketId }) => socketId));
  for (const [id, { descriptor, server }] of sockets) {
    if (wanted.has(id)) continue;
    server?.close();
    closeDescriptor(descriptor);
    sockets.delete(id);
  }
  const fresh = message.listeners.filter(({ isNew }) => isNew);
  for (const [index, { socketId }] of fresh.entries()) {
    sockets.set(socketId, { descriptor: descriptors[index]!, server: null });
  }
  listenAll();
  send({ type: 'committed', generation });
}

function listenAll(): void {
  for (const socket of sockets.values()) {
    if (socket.server !== null) continue;
    socket.server = createServer((_request, response) => {
      cells[Cell.REQUESTS]!++;
      response.setHeader('connection', 'close');
      response.end(`${firstBody()} from ${process.pid}`);
    });
    socket.server.listen({ fd: duplicateDescriptor(socket.descriptor) });
  }
}

function firstBody(): string {
  const action = routes[0]?.action;
  const body = action?.kind === 'respond' ? action.body : null;
  return body === null ? `snapshot ${snapshot?.hash}` : Buffer.from(body.bytes).toString();
}

function drain(deadlineMs: number): void {
  if (isDraining) return;
  isDraining = true;
  setTimeout(() => process.exit(0), deadlineMs);
  let open = sockets.size;
  const closed = (): void => {
    if (--open <= 0) process.exit(0);
  };
  for (const { descriptor, server } of sockets.values()) {
    closeDescriptor(descriptor);
    if (server === null) closed();
    else server.close(closed);
  }
  if (sockets.size === 0) closed();
}

function send(message: FromWorker): void {
  if (process.connected) process.send!(message, () => {});
}
