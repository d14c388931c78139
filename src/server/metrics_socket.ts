// Opens the socket that metrics are scraped from: one, in this process alone. Errors are those of
// every other address in the configuration.

import type { SocketAddress } from '../base/socket_address.ts';
import type { ListenAddress } from '../config/snapshot.ts';
import { localPort, openTcpListener, openUnixListener } from '../sys/sockets.ts';
import { describeListenFailure, hasNoIpv6 } from './listen_failure.ts';
import { type FileIdentity, identifyFile } from './socket_file.ts';

/** Whoever may reach the folder may connect; the folder's mode decides who that is. */
const UNIX_SOCKET_MODE = 0o666;

/** An open, listening socket. */
export interface OpenMetricsSocket {
  readonly descriptor: number;
  readonly address: SocketAddress;
  /** The file of a Unix socket as it was made. */
  readonly file: FileIdentity | null;
}

/** Opens the address; throws a ZProxyError that names the place in the config, `source`. */
export function openMetricsSocket(listen: ListenAddress, source: unknown): OpenMetricsSocket {
  try {
    return listen.kind === 'unix' ? openUnix(listen.path) : openTcp(listen);
  } catch (error) {
    throw describeListenFailure(listen, source, error);
  }
}

function openUnix(path: string): OpenMetricsSocket {
  const descriptor = openUnixListener(path, UNIX_SOCKET_MODE);
  return { descriptor, address: { kind: 'unix', path }, file: identifyFile(path) };
}

function openTcp(listen: ListenAddress): OpenMetricsSocket {
  const family = listen.host.includes(':') ? 6 : 4;
  try {
    return openTcpAt(listen, listen.host, family);
  } catch (error) {
    if (!listen.isDual || !hasNoIpv6(error)) throw error;
    return openTcpAt(listen, '0.0.0.0', 4); // `:port` on a machine without IPv6 is IPv4 alone
  }
}

function openTcpAt(listen: ListenAddress, host: string, family: 4 | 6): OpenMetricsSocket {
  const isDual = listen.isDual && family === 6;
  const wanted = { host, family, port: listen.port, isDual, reusePort: false };
  const descriptor = openTcpListener(wanted);
  const port = listen.port === 0 ? localPort(descriptor) : listen.port;
  return { descriptor, address: { kind: 'tcp', host, port, family }, file: null };
}
