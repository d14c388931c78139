// The head that a client would send for the request that is asked about. What the user wrote is not
// normalised: the codec does that, and sees what a client could send.

import { domainToASCII } from 'node:url';
import { ZProxyError } from '../../base/errors.ts';
import type { ExplainQuestion } from './explanation.ts';

/** What browsers encode in paths and queries (WHATWG URL), and no client may send as it is. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSENDABLE = /[\u0000-\u0020"<>`{}|^\u007f-\u{10ffff}]/gu;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The bytes of a head, and what they are to arrive over. */
export interface QuestionHead {
  readonly bytes: Uint8Array;
  readonly scheme: 'http' | 'https';
  /** Port that the URL names, or that of its scheme; 0 where it names no host. */
  readonly port: number;
  /** Sentences about what was made of the URL. */
  readonly notes: readonly string[];
}

/** Throws ZP_EXPLAIN where the question is none. */
export function makeQuestionHead(question: ExplainQuestion): QuestionHead {
  const { method } = question;
  if (!TOKEN.test(method)) {
    const upper = method.toUpperCase();
    throw wrong(`${JSON.stringify(method)} is no method; write one such as ${wordOf(upper)}`);
  }
  const url = splitUrl(question);
  const fields = question.headers.map(checkField);
  const isHostGiven = fields.some(([name]) => name.toLowerCase() === 'host');
  if (!isHostGiven && url.authority !== '') fields.unshift(['Host', url.authority]);
  const hasHost = isHostGiven || url.authority !== '';
  // Only a client that speaks HTTP/1.0 may leave the host out.
  const version = hasHost ? 'HTTP/1.1' : 'HTTP/1.0';
  const notes = [...url.notes];
  if (!hasHost) notes.push('it names no host, as only HTTP/1.0 may');
  const lines = [
    `${method} ${url.target} ${version}`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
  ];
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return { bytes, scheme: url.scheme, port: url.port, notes };
}

interface SplitUrl {
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  readonly port: number;
  readonly target: string;
  readonly notes: readonly string[];
}

function splitUrl({ method, url }: ExplainQuestion): SplitUrl {
  const nothing = { scheme: 'http', authority: '', port: 0, notes: [] } as const;
  if (url === '*' || (method === 'CONNECT' && !url.includes('/'))) {
    return { ...nothing, authority: url === '*' ? '' : url, target: url };
  }
  const [, rawScheme, rawAuthority = '', rest = ''] =
    /^(?:([a-z][a-z0-9+.-]*):\/\/([^/?#\\]*))?([/?#\\].*)?$/is.exec(url) ?? wrongUrl(url);
  const scheme = (rawScheme ?? 'http').toLowerCase();
  if (scheme !== 'http' && scheme !== 'https') throw wrong(`there is no scheme ${scheme} here`);
  if (rawScheme === undefined && !rest.startsWith('/')) wrongUrl(url);
  const { path, notes } = sendable(rest);
  const authority = asciiAuthority(rawAuthority);
  if (rawScheme !== undefined && authority === '') wrongUrl(url);
  const port = /:(\d+)$/.exec(authority)?.[1];
  return {
    scheme,
    authority,
    port: authority === '' ? 0 : port === undefined ? defaultPort(scheme) : Number(port),
    target: path.startsWith('/') ? path : `/${path}`,
    notes,
  };
}

function defaultPort(scheme: 'http' | 'https'): number {
  return scheme === 'https' ? 443 : 80;
}

/** The part behind the authority as a client sends it: without fragment, in ASCII. */
function sendable(rest: string): { path: string; notes: string[] } {
  const notes: string[] = [];
  const hash = rest.indexOf('#');
  const whole = hash < 0 ? rest : rest.slice(0, hash);
  if (hash >= 0) notes.push(`clients do not send ${rest.slice(hash)}`);
  const path = whole.replaceAll(UNSENDABLE, (text) =>
    [...Buffer.from(text)].map((byte) => `%${hex(byte)}`).join(''),
  );
  if (path !== whole) notes.push(`clients send ${path}`);
  return { path, notes };
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

/** International names as they are sent. What is wrong with it the codec says. */
function asciiAuthority(authority: string): string {
  if (/^[\x21-\x7e]*$/.test(authority)) return authority;
  const [, name = '', port = ''] = /^(.*?)(:\d*)?$/s.exec(authority)!;
  const ascii = domainToASCII(name);
  if (ascii === '') throw wrong(`${JSON.stringify(name)} is no host name`);
  return `${ascii}${port}`;
}

function checkField([name, value]: readonly [string, string]): [string, string] {
  if (!TOKEN.test(name)) throw wrong(`${JSON.stringify(name)} is no name of a header`);
  if (/[\r\n\0]/.test(value)) throw wrong(`the value of ${name} has a line end or a NUL`);
  return [name, Buffer.from(value).toString('latin1')];
}

function wrongUrl(url: string): never {
  const meant = /^[^/\s]+\.[^/\s]/.test(url) ? `http://${url}` : 'http://example.com/path or /path';
  throw wrong(`${JSON.stringify(url)} is no URL; write ${meant}`);
}

function wordOf(text: string): string {
  return TOKEN.test(text) ? text : 'GET';
}

function wrong(sentence: string): ZProxyError {
  return new ZProxyError('ZP_EXPLAIN', sentence);
}
