// No spelling of a path comes around the middleware of the route that it is for. One route guards
// `/admin/*`, another one takes everything else; both lead to the same kind of server. Whatever the
// client writes: if it passes unguarded, then a server that reads the forwarded path as loosely as
// any (decoding once, backslashes as slashes, parameters of dot segments dropped) is not led to
// what is guarded.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hooksUse } from '../../tests/support/hooks_use.ts';
import { ScriptedProxy } from '../../tests/support/scripted_proxy.ts';
import { SizeClass } from '../base/buffer_pool.ts';
import { RequestHead } from '../http/message_head.ts';
import { DecodeResult } from '../http1/decode_result.ts';

const PIECES = [
  ...['admin', '%61dmin', 'admi%6e', 'adm%69%6E', 'a', 'x', '', '.', '..', '...', '%2e', '%2E%2e'],
  ...['.%2e', '%2e.', '%252e%252e', '%2f', '%2F..', '%5c', '%5C..', '\\', '\\..', '..\\', '%00'],
  ...[
    ';',
    ';x',
    '..;',
    '..;x',
    '.;/',
    '..%3b',
    '..%3bx',
    '%2e%2e;',
    '%25%32%65',
    '%25',
    '~',
    '%7E',
  ],
  ...['//', '/', '/..', '/../', '/./'],
];

describe('Exchange, spellings of a path', () => {
  for (const mergeSlashes of [false, true]) {
    it(`reach nothing that is guarded (mergeSlashes ${mergeSlashes})`, () => {
      let guarded = 0;
      const guard = hooksUse({
        onRequest: () => {
          guarded++;
          return { status: 403 };
        },
      });
      const world = new ScriptedProxy({
        routes: [{ paths: ['/admin/*', '/admin'], middleware: [guard] }, { paths: [] }],
        proxy: { mergeSlashes },
      });
      let forwardedCount = 0;
      const pieces = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 8 });
      const paths = fc.tuple(pieces, fc.constantFrom('', '/')).map(([list, join]) => {
        return `/${list.join(join)}`;
      });
      const property = fc.property(paths, (path) => {
        if (!isRequest(world, path)) return;
        const forwarded = forward(world, path);
        if (forwarded === '') return;
        forwardedCount++;
        const read = readLoosely(forwarded, mergeSlashes);
        assert(read !== '/admin' && !read.startsWith('/admin/'), `${path} passed as ${forwarded}`);
      });
      fc.assert(property, { numRuns: process.env['ZPROXY_TEST_FULL'] === '1' ? 200_000 : 5_000 });
      assert(guarded > 50 && forwardedCount > 200, `${guarded} guarded, ${forwardedCount} passed`);
      world.assertClean();
    });
  }
});

/** Whether the codec takes it at all. */
function isRequest(world: ScriptedProxy, path: string): boolean {
  const { pool, requestDecoder } = world.memory;
  const text = `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
  const { buffer, start, end } = world.memory.fill(text, SizeClass.LARGE);
  const result = requestDecoder.decode(new RequestHead(), start, end, 0);
  pool.release(buffer);
  return result === DecodeResult.COMPLETE;
}

/** The path that reached an upstream; '' for none. */
function forward(world: ScriptedProxy, path: string): string {
  const { server, exchange } = world.request([`GET ${path} HTTP/1.1`, 'Host: h']);
  const stream = world.upstream.streams.pop();
  exchange.onRequestAborted(16);
  server.releaseHead();
  return stream === undefined ? '' : stream.headText.split(' ')[1]!;
}

/** The path as the loosest of servers reads it. Slashes are merged only where the proxy does so. */
function readLoosely(forwarded: string, mergeSlashes: boolean): string {
  const path = forwarded.replace(/\?.*$/, '');
  const decoded = path.replace(/%([0-9a-fA-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  const read: string[] = [];
  for (const written of decoded.replaceAll('\\', '/').split('/').slice(1)) {
    const segment = written.replace(/^(\.+);.*$/, '$1');
    if (segment === '..') read.pop();
    else if (segment !== '.' && !(mergeSlashes && segment === '')) read.push(segment);
  }
  return `/${read.join('/')}`;
}
