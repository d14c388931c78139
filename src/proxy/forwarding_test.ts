// What a request carries to the endpoint, read from the bytes that it is encoded to.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { ScriptedProxy, type ScriptedProxyOptions } from '../../tests/support/scripted_proxy.ts';
import type { ScriptedRequestOptions } from '../../tests/support/scripted_streams.ts';
import { ExchangeError } from '../http/exchange_error.ts';

const TRUSTED = { connection: { isTrusted: true } };
const FORGED = [
  'X-Forwarded-For: 6.6.6.6',
  'x-forwarded-for: 7.7.7.7',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: evil',
  'X-Forwarded-Port: 666',
  'X-Real-IP: 6.6.6.6',
  'Forwarded: for=6.6.6.6',
];

describe('Forwarding', () => {
  it('adds X-Forwarded fields and Via', () => {
    assert.deepEqual(forwarded(['GET /a?b HTTP/1.1', 'Host: h:81', 'Accept: */*']), [
      'GET /a?b HTTP/1.1',
      'Host: h:81',
      'Accept: */*',
      'X-Forwarded-For: 192.0.2.7',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: h:81',
      'Via: 1.1 edge',
    ]);
  });

  for (const mode of ['x', 'rfc7239', 'both', 'off'] as const) {
    it(`removes what a client that is not trusted says of its origin, in mode ${mode}`, () => {
      const lines = forwarded(['GET / HTTP/1.1', 'Host: h', ...FORGED], {
        proxy: { forwarded: mode },
      });
      const text = lines.join('\n');
      assert.doesNotMatch(text, /6\.6\.6|7\.7\.7|evil|666|https/);
      assert.equal(/X-Forwarded-For: 192\.0\.2\.7/.test(text), mode === 'x' || mode === 'both');
      assert.equal(
        /Forwarded: for=192\.0\.2\.7;host=h;proto=http/.test(text),
        mode === 'rfc7239' || mode === 'both',
      );
    });
  }

  it('appends to the list of a trusted client and keeps its other fields', () => {
    const lines = forwarded(
      ['GET / HTTP/1.1', 'Host: h', ...FORGED.filter((line) => !line.includes('7.7.7.7'))],
      { proxy: { forwarded: 'both' } },
      TRUSTED,
    );
    for (const line of [
      'X-Forwarded-For: 6.6.6.6, 192.0.2.7',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: evil',
      'X-Forwarded-Port: 666',
      'X-Real-IP: 6.6.6.6',
      'Forwarded: for=6.6.6.6',
      'Forwarded: for=192.0.2.7;host=h;proto=http',
    ]) {
      assert(lines.includes(line), line);
    }
  });

  it('adds a field of its own behind several of a trusted client, or a very long one', () => {
    const long = `X-Forwarded-For: ${'1.2.3.4, '.repeat(200)}5.6.7.8`;
    for (const given of [['X-Forwarded-For: 1.1.1.1', 'X-Forwarded-For: 2.2.2.2'], [long]]) {
      const lines = forwarded(['GET / HTTP/1.1', 'Host: h', ...given], {}, TRUSTED);
      const wanted = [...given, 'X-Forwarded-For: 192.0.2.7'];
      assert.deepEqual(
        lines.filter((line) => line.startsWith('X-Forwarded-For')),
        wanted,
      );
    }
  });

  it('writes IPv6 addresses and Unix clients as RFC 7239 wants them', () => {
    const options: ScriptedProxyOptions = { proxy: { forwarded: 'both' } };
    const request = ['GET / HTTP/1.1', 'Host: [::1]:80'];
    const ipv6 = forwarded(request, options, {
      connection: { remoteHost: '2001:db8::1', scheme: 'https' },
    });
    assert(ipv6.includes('X-Forwarded-For: 2001:db8::1'));
    assert(ipv6.includes('X-Forwarded-Proto: https'));
    assert(ipv6.includes('Forwarded: for="[2001:db8::1]";host="[::1]:80";proto=https'));
    const unix = forwarded(request, options, { connection: { remoteHost: '' } });
    assert(unix.includes('X-Forwarded-For: unknown'));
    assert(unix.includes('Forwarded: for=unknown;host="[::1]:80";proto=http'));
  });

  it('does not repeat an authority that is longer than any host name', () => {
    const host = `${'a'.repeat(60)}.`.repeat(6);
    const lines = forwarded(['GET / HTTP/1.1', `Host: ${host}`], { proxy: { forwarded: 'both' } });
    assert(lines.includes(`Host: ${host}`));
    assert(!lines.some((line) => line.startsWith('X-Forwarded-Host')));
    assert(lines.includes('Forwarded: for=192.0.2.7;proto=http'));
  });

  it('sends the Host that the upstream wants', () => {
    const request = ['GET / HTTP/1.1', 'Host: h'];
    const fixed = forwarded(request, {
      upstream: { hostHeader: { kind: 'fixed', value: 'fixed.example' } },
    });
    assert(fixed.includes('Host: fixed.example') && !fixed.includes('Host: h'));
    assert(fixed.includes('X-Forwarded-Host: h'));
    const endpoint = forwarded(request, { upstream: { hostHeader: { kind: 'endpoint' } } });
    assert(endpoint.includes('Host: 192.0.2.99:9000') && !endpoint.includes('Host: h'));
  });

  it("sends an absolute target's authority as Host (RFC 9112 section 3.2.2)", () => {
    const lines = forwarded(['GET http://real:81/x HTTP/1.1', 'Host: other']);
    assert.equal(lines[0], 'GET /x HTTP/1.1');
    assert.equal(lines.filter((line) => line.startsWith('Host:')).join(), 'Host: real:81');
    assert(lines.includes('X-Forwarded-Host: real:81'));
  });

  it("sends the endpoint's Host where an HTTP/1.0 client named none", () => {
    const lines = forwarded(['GET / HTTP/1.0']);
    assert(lines.includes('Host: 192.0.2.99:9000'));
    assert(!lines.some((line) => line.startsWith('X-Forwarded-Host')));
    assert(lines.includes('Via: 1.0 edge'));
  });

  it('makes a request id, and keeps one of a trusted client only', () => {
    const options: ScriptedProxyOptions = { proxy: { requestId: true } };
    const request = ['GET / HTTP/1.1', 'Host: h', 'X-Request-ID: mine'];
    const made = forwarded(request, options).filter((line) => /^x-request-id/i.test(line));
    assert.match(made.join(), /^X-Request-Id: [0-9a-f]{32}$/);
    const kept = forwarded(request, options, TRUSTED).filter((line) => /^x-request-id/i.test(line));
    assert.deepEqual(kept, ['X-Request-ID: mine']);
    const untouched = forwarded(request).filter((line) => /^x-request-id/i.test(line));
    assert.deepEqual(untouched, ['X-Request-ID: mine']);
  });

  it('gives each request an id of its own', () => {
    const world = new ScriptedProxy({ proxy: { requestId: true } });
    const ids = new Set<string>();
    for (let i = 0; i < 10; i++) {
      const { exchange } = world.request(['GET / HTTP/1.1', 'Host: h']);
      ids.add(/X-Request-Id: (\S+)/.exec(world.upstream.stream.headText)![1]!);
      exchange.onRequestAborted(ExchangeError.CLIENT_CLOSED);
    }
    assert.equal(ids.size, 10);
    world.assertClean();
  });

  it('adds no Via without a pseudonym, and then sees no loop', () => {
    const lines = forwarded(['GET / HTTP/1.1', 'Host: h', 'Via: 1.1 edge'], {
      proxy: { viaPseudonym: '' },
    });
    assert.deepEqual(
      lines.filter((line) => line.startsWith('Via')),
      ['Via: 1.1 edge'],
    );
  });

  for (const [method, sent] of [
    ['TRACE', '4'],
    ['OPTIONS', '4'],
    ['GET', '5'],
  ]) {
    it(`sends Max-Forwards 5 of ${method} as ${sent}`, () => {
      const lines = forwarded([`${method} / HTTP/1.1`, 'Host: h', 'Max-Forwards: 5']);
      assert(lines.includes(`Max-Forwards: ${sent}`));
    });
  }

  it('sends a Max-Forwards beyond its largest as that (RFC 9110 section 7.6.2)', () => {
    const lines = forwarded(['TRACE / HTTP/1.1', 'Host: h', 'Max-Forwards: 99999999999']);
    assert(lines.includes('Max-Forwards: 999999999'));
  });

  for (const value of ['', '-1', '1x']) {
    it(`leaves Max-Forwards "${value}" as it is`, () => {
      const lines = forwarded(['TRACE / HTTP/1.1', 'Host: h', `Max-Forwards: ${value}`]);
      assert(lines.some((line) => line.trimEnd() === `Max-Forwards: ${value}`.trimEnd()));
    });
  }

  it('forwards Expect with content and removes it without (RFC 9110 section 10.1.1)', () => {
    const withBody = ['POST / HTTP/1.1', 'Host: h', 'Content-Length: 3', 'Expect: 100-Continue'];
    assert(forwarded(withBody).includes('Expect: 100-Continue'));
    const without = ['GET / HTTP/1.1', 'Host: h', 'Expect: 100-continue'];
    assert(!forwarded(without).some((line) => line.startsWith('Expect')));
    const old = ['POST / HTTP/1.0', 'Host: h', 'Content-Length: 3', 'Expect: 100-continue'];
    assert(!forwarded(old).some((line) => line.startsWith('Expect')));
  });

  it('writes the same head for a second try', () => {
    const world = new ScriptedProxy({
      proxy: { forwarded: 'both', requestId: true },
      upstream: { hostHeader: { kind: 'endpoint' } },
    });
    world.upstream.prepare = (stream) => {
      stream.isReused = true;
    };
    const request = world.request(
      ['OPTIONS / HTTP/1.1', 'Host: h', 'X-Forwarded-For: 1.1.1.1', 'Max-Forwards: 9'],
      TRUSTED,
    );
    const first = world.upstream.stream.headText;
    // Another request uses the scratch in between.
    const other = world.request(['GET /other HTTP/1.1', 'Host: other-host']);
    other.exchange.onRequestAborted(ExchangeError.CLIENT_CLOSED);
    request.exchange.onUpstreamError(ExchangeError.UPSTREAM_CLOSED_EARLY);
    assert.equal(world.upstream.streams.length, 3);
    assert.equal(world.upstream.stream.headText, first);
    assert.match(first, /Max-Forwards: 8/);
    request.exchange.onRequestAborted(ExchangeError.CLIENT_CLOSED);
    world.assertClean();
  });
});

/** Lines of the head that the endpoint is sent. */
function forwarded(
  lines: readonly string[],
  options: ScriptedProxyOptions = {},
  request: ScriptedRequestOptions = {},
): string[] {
  const world = new ScriptedProxy(options);
  const { exchange } = world.request(lines, request);
  const text = world.upstream.stream.headText;
  exchange.onRequestAborted(ExchangeError.CLIENT_CLOSED);
  world.assertClean();
  assert(text.endsWith('\r\n\r\n'));
  return text.slice(0, -4).split('\r\n');
}
