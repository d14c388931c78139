// `zproxy version`: what a bug report needs, and which transport would be used here and why.

import { release, type } from 'node:os';
import { packageVersion } from '../config/package_root.ts';
import { ExitCode } from './exit_code.ts';
import type { Terminal } from './terminal.ts';

export interface VersionOptions {
  readonly json?: boolean;
}

interface TransportText {
  readonly kind: string;
  readonly reason: string;
  readonly remedy: string;
}

export async function version(options: VersionOptions, terminal: Terminal): Promise<ExitCode> {
  const transport = await probe();
  const versions = {
    zproxy: packageVersion(),
    node: process.versions.node,
    openssl: process.versions.openssl,
    v8: process.versions.v8,
    kernel: `${type()} ${release()}`,
    platform: `${process.platform} ${process.arch}`,
  };
  if (options.json === true) {
    terminal.print(JSON.stringify({ ...versions, transport }, null, 2));
    return ExitCode.FINE;
  }
  for (const [name, value] of Object.entries(versions)) {
    terminal.print(`${terminal.bold(name.padEnd(10))}${value}`);
  }
  const name = transport.kind === 'uring' ? 'io_uring' : 'node:net';
  const remedy = transport.remedy === '' ? '' : `; for io_uring, ${transport.remedy}`;
  terminal.print(`${terminal.bold('transport'.padEnd(10))}${name}: ${transport.reason}${remedy}`);
  return ExitCode.FINE;
}

/** A Node that was built without node:ffi cannot even load the code that asks. */
async function probe(): Promise<TransportText> {
  try {
    const { describeTransport } = await import('../server/transport_probe.ts');
    return describeTransport();
  } catch (error) {
    const reason = `this Node cannot call the system: ${(error as Error).message}`;
    return { kind: 'node', reason, remedy: 'use the Node that ZProxy is tested with' };
  }
}
