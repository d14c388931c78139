// Wire cases in Markdown: bytes in, verdict and decoded form out, readable as documentation. One
// case is a heading of level 2 with fenced blocks below it:
//
//   ## Refuses a bare LF
//   ```request                      what arrives; also `response`, with words behind it (see below)
//   GET / HTTP/1.1\n
//   ```
//   ```verdict                      accept | incomplete | reject CODE (of exchange_error.ts)
//   reject request_head_invalid
//   ```
//   ```decoded                      properties of the first message: `name: value`
//   method: GET
//   ```
//   ```forwarded                    the head as it goes out again, to the byte
//   ```
//
// In blocks of bytes line breaks of the file are nothing; `\r \n \t \0 \\ \xHH` are bytes, and
// `\*{COUNT,TEXT}` repeats TEXT. Words behind `request` and `response`:
//   limits=head:N,field:N,fields:N,target:N  underscores=kept  method=HEAD  client=10  eof  close
// `eof`: the connection ends behind the bytes. `close`: our side would not keep the connection.

import { readFileSync } from 'node:fs';

export interface WireCase {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly direction: 'request' | 'response';
  readonly words: ReadonlyMap<string, string>;
  readonly input: Uint8Array;
  readonly verdict: string;
  readonly decoded: ReadonlyMap<string, string>;
  readonly forwarded: string | null;
}

interface Block {
  readonly info: string;
  readonly text: string;
}

/** Reads the cases of one file. */
export function readWireCases(url: URL): WireCase[] {
  const file = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
  const lines = readFileSync(url, 'utf8').split('\n');
  const cases: WireCase[] = [];
  let name = '';
  let nameLine = 0;
  let blocks: Block[] = [];
  for (let i = 0; i <= lines.length; i++) {
    const line = lines[i];
    if (line === undefined || line.startsWith('## ')) {
      if (name !== '') cases.push(makeCase(file, nameLine, name, blocks));
      name = line?.slice(3).trim() ?? '';
      nameLine = i + 1;
      blocks = [];
    } else if (line.startsWith('```')) {
      const info = line.slice(3).trim();
      const end = lines.indexOf('```', i + 1);
      if (end < 0) throw new Error(`${file}:${i + 1}: the block is not closed`);
      blocks.push({ info, text: lines.slice(i + 1, end).join('\n') });
      i = end;
    }
  }
  return cases;
}

function makeCase(file: string, line: number, name: string, blocks: readonly Block[]): WireCase {
  const where = `${file}:${line}: "${name}"`;
  const input = blocks.find((block) => /^(request|response)\b/.test(block.info));
  const verdict = blocks.find((block) => block.info === 'verdict');
  if (input === undefined || verdict === undefined) {
    throw new Error(`${where} needs a block of bytes and a verdict`);
  }
  const known = /^(request|response|verdict$|decoded$|forwarded$)/;
  const stray = blocks.find((block) => !known.test(block.info));
  if (stray !== undefined) throw new Error(`${where}: unknown block "${stray.info}"`);
  const [direction, ...words] = input.info.split(/\s+/);
  const decoded = blocks.find((block) => block.info === 'decoded');
  const forwarded = blocks.find((block) => block.info === 'forwarded');
  return {
    file,
    line,
    name,
    direction: direction as 'request' | 'response',
    words: new Map(words.map((word) => splitOnce(word, '='))),
    input: Buffer.from(unescapeBytes(input.text, where), 'latin1'),
    verdict: verdict.text.trim(),
    decoded: new Map(
      (decoded?.text ?? '')
        .split('\n')
        .filter((row) => row !== '')
        .map((row) => splitOnce(row, ':'))
        .map(([key, value]) => [key, unescapeBytes(value.trim(), where)]),
    ),
    forwarded: forwarded === undefined ? null : unescapeBytes(forwarded.text, where),
  };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

const ESCAPES: Readonly<Record<string, string>> = {
  r: '\r',
  n: '\n',
  t: '\t',
  '0': '\0',
  '\\': '\\',
};

function unescapeBytes(text: string, where: string): string {
  const repeated = text
    .replaceAll('\n', '')
    .replace(/\\\*\{(\d+),([^}]*)\}/g, (_, count, part) => part.repeat(Number(count)));
  return repeated.replace(/\\(x[0-9a-fA-F]{2}|.)/g, (_, code: string) => {
    if (code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    const byte = ESCAPES[code];
    if (byte === undefined) throw new Error(`${where}: unknown escape \\${code}`);
    return byte;
  });
}
