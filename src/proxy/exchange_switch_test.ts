// Requests that do not simply pass: those that the proxy answers as their final recipient, and
// upgrades.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { ScriptedProxy } from '../../tests/support/scripted_proxy.ts';
import { Cell } from '../base/metrics_cells.ts';
import { ExchangeError } from '../http/exchange_error.ts';
import { ExchangeState } from './exchange_state.ts';

const GET = ['GET / HTTP/1.1', 'Host: h'];
const POST = ['POST / HTTP/1.1', 'Host: h', 'Content-Length: 6'];
const { CLIENT_CLOSED } = ExchangeError;

describe('Exchange, final recipient', () => {
  it('reflects a TRACE whose Max-Forwards is used up, without secrets', () => {
    const world = new ScriptedProxy();
    const { server, exchange } = world.request([
      'TRACE /a?b HTTP/1.1',
      'Host: h',
      'Max-Forwards: 0',
      'Cookie: secret',
      'Authorization: secret',
      'X-Other: 1',
    ]);
    assert.equal(world.upstream.streams.length, 0);
    assert.match(server.headText, /\r\nContent-Type: message\/http\r\n/);
    assert.deepEqual(server.takeCalls(), [
      'head 200',
      'body TRACE /a?b HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\nX-Other: 1\r\n\r\n (last)',
      'end',
    ]);
    exchange.onResponseSent();
    world.assertClean();
  });

  it('answers OPTIONS whose Max-Forwards is used up', () => {
    const world = new ScriptedProxy();
    const { server, exchange } = world.request([
      'OPTIONS / HTTP/1.1',
      'Host: h',
      'Max-Forwards: 0',
    ]);
    assert.deepEqual(server.takeCalls(), ['head 200', 'end']);
    assert.match(server.headText, /\r\nContent-Length: 0\r\n/);
    exchange.onResponseSent();
    world.assertClean();
  });

  it('answers OPTIONS *, whatever the routes', () => {
    for (const paths of [[], ['/*']]) {
      const world = new ScriptedProxy({ route: { paths } });
      for (const target of ['*', 'http://h']) {
        const own = world.request([`OPTIONS ${target} HTTP/1.1`, 'Host: h']);
        assert.deepEqual(own.server.takeCalls(), ['head 200', 'end']);
        own.exchange.onResponseSent();
      }
      assert.equal(world.upstream.streams.length, 0);
      world.assertClean();
    }
  });
});

describe('Exchange, upgrades', () => {
  const upgrade = (token: string): string[] => [...GET, 'Connection: upgrade', `Upgrade: ${token}`];
  const switchTo = (token: string): string =>
    `HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: ${token}\r\n\r\n`;

  it('joins both directions of a tunnel, each with its own end', () => {
    const world = new ScriptedProxy();
    const request = world.request(upgrade('websocket'));
    const { server, exchange } = request;
    const { stream } = world.upstream;
    exchange.onRequestEnd(null);
    assert.match(stream.headText, /\r\nUpgrade: websocket\r\n/);
    stream.takeCalls();
    stream.respond(switchTo('WebSocket'));
    assert.equal(world.cells[Cell.TUNNELS_OPEN], 1);
    assert.deepEqual(server.takeCalls(), ['tunnel', 'read']);
    world.sendBody(request, 'ping');
    stream.deliver('pong');
    exchange.onResponseEnd(null);
    assert.equal(exchange.state, ExchangeState.TUNNEL);
    assert.deepEqual(server.takeCalls(), ['read', 'body pong', 'end']);
    exchange.onRequestWritable();
    world.sendBody(request, 'more');
    exchange.onRequestEnd(null);
    assert.deepEqual(stream.takeCalls(), ['read', 'body ping', 'read', 'body more', 'end']);
    exchange.onResponseSent();
    assert.equal(stream.isAborted, false, 'a stream that is over is not touched');
    assert.deepEqual(world.lines, ['101 -']);
    world.assertClean();
  });

  it('keeps a half-closed tunnel open while a chunk waits for the endpoint', () => {
    const world = new ScriptedProxy();
    const request = world.request(upgrade('websocket'));
    const { exchange } = request;
    const { stream } = world.upstream;
    stream.respond(switchTo('websocket'));
    world.sendBody(request, 'a');
    world.sendBody(request, 'b');
    exchange.onRequestEnd(null);
    exchange.onResponseEnd(null);
    stream.takeCalls();
    exchange.onRequestWritable();
    assert.deepEqual(stream.takeCalls(), ['body b (last)', 'end']);
    exchange.onResponseSent();
    assert.equal(stream.isAborted, false);
    world.assertClean();
  });

  it('ends a tunnel that idles', () => {
    const world = new ScriptedProxy();
    const { server, exchange } = world.request(upgrade('websocket'));
    world.upstream.stream.respond(switchTo('websocket'));
    exchange.onUpstreamError(ExchangeError.TUNNEL_IDLE);
    assert.equal(server.calls.at(-1), `abort ${ExchangeError.TUNNEL_IDLE}`);
    assert.deepEqual(world.lines, ['101 tunnel_idle']);
    world.assertClean();
  });

  it('asks for the first token alone that the route allows', () => {
    const world = new ScriptedProxy({ route: { upgrades: ['websocket', 'custom/2'] } });
    const { exchange } = world.request(upgrade('h2c, Custom/2 ,websocket'));
    assert.match(world.upstream.stream.headText, /\r\nUpgrade: Custom\/2\r\n/);
    exchange.onRequestAborted(CLIENT_CLOSED);
    world.assertClean();
  });

  const dropped: readonly [string, readonly string[]][] = [
    ['a token that is not listed', upgrade('h2c')],
    ['a token that only begins like one', upgrade('websockets')],
    ['a request with content', [...POST, 'Connection: upgrade', 'Upgrade: websocket']],
    ['HTTP/1.0', ['GET / HTTP/1.0', 'Connection: upgrade', 'Upgrade: websocket']],
  ];
  for (const [name, lines] of dropped) {
    it(`drops the upgrade of ${name} and serves the request`, () => {
      const world = new ScriptedProxy();
      const { exchange } = world.request(lines);
      assert.doesNotMatch(world.upstream.stream.headText, /upgrade/i);
      exchange.onRequestAborted(CLIENT_CLOSED);
      world.assertClean();
    });
  }

  it('answers 502 to a switch to something that was not asked for', () => {
    const world = new ScriptedProxy();
    const { server, exchange } = world.request(upgrade('websocket'));
    world.upstream.stream.respond(switchTo('other'));
    assert.equal(world.upstream.stream.isAborted, true);
    assert.equal(server.calls[0], 'head 502');
    exchange.onResponseSent();
    assert.deepEqual(world.lines, ['502 http_upgrade_failed']);
    world.assertClean();
  });

  it('forwards another answer than 101', () => {
    const world = new ScriptedProxy();
    const { server, exchange } = world.request(upgrade('websocket'));
    world.upstream.stream.respond('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    exchange.onResponseEnd(null);
    assert.equal(server.calls[0], 'head 403');
    exchange.onResponseSent();
    world.assertClean();
  });
});
