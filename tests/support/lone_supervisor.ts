// Starts one real worker and hands it over at once, as a supervisor does before an upgrade; then
// does what it is told on standard input. For tests of what a worker does without its supervisor.
//
//   argv: origin URL    stdout: `<worker pid> <port>` once it is handed over
//   'close' closes the channel, as the new program in the process would find it

import { sharedBytes, sharedRowsCount, writeSharedHeader } from '../../src/base/shared_layout.ts';
import { entryPath } from '../../src/server/entry_path.ts';
import { ListeningSockets } from '../../src/server/listening_sockets.ts';
import {
  inheritedListeners,
  spawnWorker,
  WORKER_SEGMENT_DESCRIPTOR,
} from '../../src/server/worker_process.ts';
import type { FromWorker, ToWorker } from '../../src/server/worker_protocol.ts';
import { openDescriptorChannel } from '../../src/sys/descriptor_channel.ts';
import { createSharedMemory } from '../../src/sys/shared_memory.ts';
import { compileSnapshot } from './compile_snapshot.ts';

const ROWS: number = sharedRowsCount(1);

const snapshot = compileSnapshot({
  listeners: [{ address: '127.0.0.1:0' }],
  upstreams: { origin: { endpoints: [process.argv[2]!] } },
  routes: [{ upstream: 'origin' }],
  timeouts: { retire: '2s', drain: '1s' },
  accessLog: false,
});
const sockets = new ListeningSockets(snapshot.listeners, 1);
const shared = createSharedMemory(sharedBytes(ROWS));
writeSharedHeader(shared.memory.buffer, ROWS);
const listeners = sockets.listenersOf(0);
const child = spawnWorker({
  entry: entryPath('worker_main'),
  transport: snapshot.transport,
  segmentDescriptor: shared.descriptor,
  channelDescriptor: openDescriptorChannel().theirs,
  listeners,
});
const tell = (message: ToWorker): boolean => child.send(message);
child.on('message', (message: FromWorker) => {
  if (message.type !== 'ready') throw new Error(JSON.stringify(message));
  tell({ type: 'hand-over' });
  const [address] = sockets.addresses;
  console.log(child.pid, address?.kind === 'tcp' ? address.port : 0);
});
tell({
  type: 'start',
  slot: 0,
  snapshot,
  listeners: inheritedListeners(listeners),
  segmentDescriptor: WORKER_SEGMENT_DESCRIPTOR,
  row: 1,
  core: -1,
  credentials: null,
  addresses: [],
  isStandby: false,
});
process.stdin.on('data', () => child.disconnect());
