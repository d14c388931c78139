// Requests in an access log: our JSON lines, or the `combined` format of ours and of nginx and
// Apache. What a line does not say (headers, cookies, in `combined` the host) nobody can know.

/** What a line says about its request. */
export interface LoggedRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** '' where the line does not say. */
  readonly host: string;
  readonly client: string;
  readonly userAgent: string;
  readonly referer: string;
}

const QUOTED = '"((?:[^"\\\\]|\\\\.)*)"';
const COMBINED = new RegExp(
  `^(\\S+) \\S+ .+? \\[[^\\]]+\\] ${QUOTED} \\d{3} \\S+(?: ${QUOTED} ${QUOTED})?`,
);
const REQUEST_LINE = /^(\S+) (\S+)(?: \S+)?$/;

/** Null for a line that is neither, and for one whose request was not understood then either. */
export function readLogLine(line: string): LoggedRequest | null {
  return line.startsWith('{') ? readJson(line) : readCombined(line);
}

function readJson(line: string): LoggedRequest | null {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return null;
  }
  const text = (name: string): string => {
    const value = (fields as Record<string, unknown>)[name];
    return typeof value === 'string' ? value : '';
  };
  const method = text('method');
  const target = text('target');
  if (method === '' || target === '') return null;
  return {
    method,
    target,
    host: text('host'),
    client: text('client'),
    userAgent: text('userAgent'),
    referer: text('referer'),
  };
}

function readCombined(line: string): LoggedRequest | null {
  const [, client = '', request = '', referer = '-', userAgent = '-'] = COMBINED.exec(line) ?? [];
  const [, method, target] = REQUEST_LINE.exec(unescaped(request)) ?? [];
  if (method === undefined || target === undefined || method === '-') return null;
  return {
    method,
    target,
    host: '',
    client,
    userAgent: userAgent === '-' ? '' : unescaped(userAgent),
    referer: referer === '-' ? '' : unescaped(referer),
  };
}

/** `\xHH` (nginx and ours), `\"` and `\\` (Apache). */
function unescaped(text: string): string {
  return text.replaceAll(/\\(?:x([0-9A-Fa-f]{2})|(["\\]))/g, (_, hex?: string, plain?: string) =>
    hex === undefined ? plain! : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
