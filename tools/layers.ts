// The layers of ZProxy as data: which folder of src may import which. `check_layers.ts` holds the
// code to it and writes the graph in ARCHITECTURE.md from it. A layer may import only what stands
// above it here.

export interface Layer {
  /** Folder under src. */
  readonly name: string;
  /** Layers that it may import, itself excluded; `import type` counts like any other import. */
  readonly mayImport: readonly string[];
  /** What lives there, for ARCHITECTURE.md. */
  readonly holds: string;
}

const CODECS: readonly string[] = ['base', 'http'];

const DRIVERS: readonly string[] = [
  'base',
  'ring',
  'stream',
  'http',
  'http1',
  'http2',
  'websocket',
  'proxy_protocol',
];

/** From the lowest to the highest. */
export const LAYERS: readonly Layer[] = [
  {
    name: 'base',
    mayImport: [],
    holds: 'assertions, limits, errors, arena, buffers, pools, timer wheel, clock, metrics cells',
  },
  {
    name: 'sys',
    mayImport: ['base'],
    holds: 'the only `node:ffi` and raw pointers: libc, io_uring ABI, errno, memory maps, sockets',
  },
  {
    name: 'ring',
    mayImport: ['base', 'sys'],
    holds: 'the transport: its contract, the uring and the node implementation, the event loop',
  },
  {
    name: 'tls',
    mayImport: ['base', 'sys'],
    holds: 'ciphertext to plaintext and back; no sockets',
  },
  {
    name: 'stream',
    mayImport: ['base', 'ring', 'tls'],
    holds: 'one byte stream over a connection, clear or TLS',
  },
  {
    name: 'http',
    mayImport: ['base'],
    holds: 'what all versions share: header block, methods, targets, dates, errors, contracts',
  },
  { name: 'http1', mayImport: CODECS, holds: 'the HTTP/1.1 codec; no I/O' },
  { name: 'http2', mayImport: CODECS, holds: 'the HTTP/2 codec; no I/O' },
  { name: 'websocket', mayImport: CODECS, holds: 'the WebSocket codec; no I/O' },
  { name: 'proxy_protocol', mayImport: CODECS, holds: 'the PROXY protocol codec; no I/O' },
  { name: 'routing', mayImport: CODECS, holds: 'the route table: pure, immutable, compiled once' },
  { name: 'middleware', mayImport: CODECS, holds: 'the middleware contract and pipeline' },
  { name: 'upstream', mayImport: DRIVERS, holds: 'upstreams, endpoints, pools, client drivers' },
  { name: 'downstream', mayImport: DRIVERS, holds: 'acceptor, server drivers' },
  {
    name: 'proxy',
    mayImport: ['base', 'http', 'websocket', 'routing', 'middleware', 'upstream', 'downstream'],
    holds: 'the exchange, body pumps, retries, tunnels, error answers, the access log',
  },
  {
    name: 'config',
    mayImport: [
      'base',
      'tls',
      'stream',
      'http',
      'http1',
      'http2',
      'websocket',
      'proxy_protocol',
      'routing',
      'middleware',
      'upstream',
      'downstream',
      'proxy',
    ],
    holds: 'text to plain data to a validated, immutable snapshot',
  },
  {
    name: 'server',
    mayImport: [
      'base',
      'sys',
      'ring',
      'tls',
      'stream',
      'http',
      'http1',
      'http2',
      'websocket',
      'proxy_protocol',
      'routing',
      'middleware',
      'upstream',
      'downstream',
      'proxy',
      'config',
    ],
    holds: 'supervisor, worker, loader, control socket, drain',
  },
  {
    name: 'admin',
    mayImport: ['base', 'http', 'config', 'server'],
    holds: 'metrics exposition, later the API and the dashboard',
  },
  {
    name: 'api',
    mayImport: ['base', 'config', 'server', 'admin'],
    holds: 'createProxy: ZProxy inside a program',
  },
  { name: 'cli', mayImport: ['base', 'config', 'server', 'admin'], holds: 'commands' },
];

/** The only layer that may import `node:ffi`. */
export const FFI_LAYER = 'sys';

/**
 * Layers that forward bytes: no packages at run time, and the rules for hot code (tools/tidy.ts).
 */
export const DATA_PATH_LAYERS: readonly string[] = LAYERS.slice(
  0,
  LAYERS.findIndex((layer) => layer.name === 'proxy') + 1,
).map((layer) => layer.name);
