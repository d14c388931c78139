// A status report as lines for people: what is wrong stands out, what is zero is left out.

import type {
  ChangeStatus,
  EndpointStatus,
  RetiringStatus,
  StatusReport,
  WorkerStatus,
} from '../server/status_report.ts';
import type { Terminal } from './terminal.ts';

const LABEL_COLUMNS = 13;

export function formatStatus(report: StatusReport, terminal: Terminal): string[] {
  const line = (label: string, text: string): string =>
    `${terminal.bold(label.padEnd(LABEL_COLUMNS))}${text}`;
  const { connections, requests, upstreamConnections, accessLog } = report;
  const responses = Object.entries(requests.responses).filter(([, count]) => count > 0);
  return [
    line('zproxy', `${report.version}, ${report.state} for ${uptime(report.uptimeSeconds)}`),
    line('process', `${report.pid}, Node ${report.node}, ${report.configFile}`),
    ...describeChanges(report.reloads).map((text) => line('reloads', text)),
    ...describeChanges(report.upgrades).map((text) => line('upgrades', text)),
    line('listening', report.addresses.join(', ')),
    ...report.workers.map((worker) => line(`worker ${worker.slot}`, describeWorker(worker))),
    ...report.retiring.map((worker) => line('retiring', describeRetiring(worker))),
    line('connections', nonZero({ ...connections }, ['open', 'accepted'])),
    line('requests', nonZero({ total: requests.total, open: requests.open }, ['total'])),
    ...(responses.length > 0 ? [line('responses', nonZero(Object.fromEntries(responses)))] : []),
    line('bytes', nonZero({ ...report.bytes }, ['received', 'sent'])),
    line(
      'to upstreams',
      nonZero({ ...upstreamConnections, retries: requests.retries }, ['opened']),
    ),
    ...report.upstreams.flatMap(({ name, endpoints }) =>
      endpoints.map((endpoint) => line(name, describeEndpoint(endpoint))),
    ),
    ...Object.entries(report.errors).map(([code, count]) => line('error', `${code} ${count}`)),
    ...(accessLog.dropped > 0 ? [line('log', `lines dropped ${accessLog.dropped}`)] : []),
  ];
}

function describeWorker(worker: WorkerStatus): string {
  const died =
    worker.deaths === 0 ? '' : `, deaths ${worker.deaths} (the last: ${worker.lastDeath})`;
  const process = worker.pid === 0 ? '' : ` as ${worker.pid} for ${uptime(worker.uptimeSeconds)}`;
  const counts = `open ${worker.connectionsOpen}, requests ${worker.requests}`;
  const transport = worker.transport === '' ? '' : `, ${worker.transport}`;
  return `${worker.state}${process}${transport}, ${counts}${died}`;
}

function describeRetiring(worker: RetiringStatus): string {
  const { slot, pid, retiringSeconds, connectionsOpen } = worker;
  return `worker ${slot} as ${pid} for ${uptime(retiringSeconds)}, open ${connectionsOpen}`;
}

/** `ok 3, failed 1, the last 2026-11-25T01:25:59Z (the last failed: ...)`; [] for none. */
function describeChanges(changes: ChangeStatus): string[] {
  const { ok, failed, lastSuccessSeconds, lastFailure } = changes;
  if (ok + failed === 0) return [];
  const time = new Date(lastSuccessSeconds * 1000).toISOString().replace(/\.\d+/, '');
  const last = lastSuccessSeconds === 0 ? '' : ` (${time})`;
  const failure = lastFailure === '' ? '' : `; the last was refused: ${lastFailure}`;
  return [`ok ${ok}${last}, failed ${failed}${failure}`];
}

function describeEndpoint(endpoint: EndpointStatus): string {
  const { url, requests, inFlight, failures, connections } = endpoint;
  return `${url}: ${nonZero({ requests, inFlight, failures, connections }, ['requests'])}`;
}

/** `open 3, accepted 17`; zeros only of the names in `always`. */
function nonZero(counts: Readonly<Record<string, number>>, always: readonly string[] = []): string {
  return Object.entries(counts)
    .filter(([name, count]) => count !== 0 || always.includes(name))
    .map(([name, count]) => `${words(name)} ${count}`)
    .join(', ');
}

/** `drainResets` as `drain resets`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function uptime(seconds: number): string {
  const whole = Math.floor(seconds);
  const days = Math.floor(whole / 86_400);
  const clock = [Math.floor(whole / 3_600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  const text = clock.map((part) => String(part).padStart(2, '0')).join(':');
  return days === 0 ? text : `${days}d ${text}`;
}
