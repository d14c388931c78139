// A process with few descriptors that echoes over one transport; the descriptor cases run it under
// a low `ulimit -n`. It writes a line of JSON per event: `{port}`, then `{starved, accepted, cpuMs,
// wallMs}` for each time that accepting was starved, then, at the end of its input, a last one.

import { closeDescriptor, localPort, openTcpListener } from '../../sys/sockets.ts';
import { openRealTransport, type RealKind } from './open_real.ts';
import { makePool, SUITE_COUNTS } from './suite_environment.ts';
import { echo, TestAcceptor } from './test_endpoint.ts';

const kind = process.argv[2] as RealKind;
/** What the transport believes of the limit; more than the truth, and only the kernel stops it. */
const descriptorsMax = Number(process.argv[3]);

const pool = makePool(SUITE_COUNTS);
const transport = openRealTransport(kind, pool, descriptorsMax);
const acceptor = new TestAcceptor(transport, echo('continuous'));
const descriptor = openTcpListener({
  host: '127.0.0.1',
  family: 4,
  port: 0,
  isDual: false,
  reusePort: false,
});
transport.listen(descriptor, {
  roomCount: acceptor.roomCount,
  onAccept: (connection): void => acceptor.onAccept(connection),
  onAcceptStarved: (): void => {
    acceptor.onAcceptStarved();
    tell({ starved: acceptor.starvedCount });
  },
});
tell({ port: localPort(descriptor) });

process.stdin.on('end', () => {
  tell({});
  transport.defer(() => {
    closeDescriptor(descriptor);
    process.exit(0);
  });
});
process.stdin.resume();

function tell(line: Readonly<Record<string, number>>): void {
  const { user, system } = process.cpuUsage();
  const open = transport.connectionsCount;
  const { accepted } = transport.counters;
  const common = { accepted, open, cpuMs: (user + system) / 1_000, wallMs: performance.now() };
  process.stdout.write(`${JSON.stringify({ ...line, ...common })}\n`);
}
