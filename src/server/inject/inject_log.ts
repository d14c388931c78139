// What the proxy reports of an injected request comes by the access log, in a format of our own
// that says which one it was.

import type { AccessLogFormat } from '../../proxy/options.ts';

export const INJECT_LOG_FORMAT: AccessLogFormat = {
  kind: 'template',
  template: '{clientPort}\t{error}\t{upstream}\t{endpoint}\t{route}',
};

export interface InjectReport {
  readonly clientPort: number;
  /** '' for none, here and below. */
  readonly error: string;
  readonly upstream: string;
  readonly endpoint: string;
  readonly route: string;
}

/** Reads a line of that format. */
export function readReport(line: string): InjectReport {
  const [port, error, upstream, endpoint, route] = line.trimEnd().split('\t').map(unescaped);
  return {
    clientPort: Number(port),
    error: error!,
    upstream: upstream!,
    endpoint: endpoint!,
    route: route!,
  };
}

/** The log writes `-` for nothing, and what could be misread as `\xHH`. */
function unescaped(text: string): string {
  if (text === '-') return '';
  if (!text.includes('\\x')) return text;
  const bytes = text.replaceAll(/\\x([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}
