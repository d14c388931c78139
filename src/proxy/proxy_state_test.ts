// What a state holds goes back when its last exchange is over.

import { strict as assert } from 'node:assert';
import { describe, it } from 'node:test';
import { hooksUse } from '../../tests/support/hooks_use.ts';
import { proxyOptions } from '../../tests/support/route_options.ts';
import { ScriptedProxy } from '../../tests/support/scripted_proxy.ts';
import { compileRouteTable } from '../routing/route_table_data.ts';

describe('ProxyState', () => {
  it('takes no more static memory, however often the name in Via changes', () => {
    const world = new ScriptedProxy({ route: { paths: [] } });
    const { arena } = world.memory.pool;
    world.serve([{ paths: [] }], { viaPseudonym: 'first' });
    const before = arena.staticBytes;
    for (let i = 0; i < 2_000; i++) {
      world.serve([{ paths: [] }], { viaPseudonym: `proxy-${i}-${'x'.repeat(40)}` });
    }
    assert.equal(arena.staticBytes, before);
  });

  it('keeps its name in Via for exchanges that began with it', () => {
    const world = new ScriptedProxy({ route: { paths: [] }, proxy: { viaPseudonym: 'old' } });
    const request = world.request(['GET / HTTP/1.1', 'Host: h']);
    for (let i = 0; i < 3; i++) world.serve([{ paths: [] }], { viaPseudonym: `new${i}` });
    const { stream } = world.upstream;
    stream.respond('HTTP/1.1 204 No Content\r\n\r\n');
    stream.handler.onResponseEnd(null);
    assert.match(request.server.headText, /\r\nVia: 1\.1 old\r\n/);
    request.exchange.onResponseSent();
    world.assertClean();
  });

  it('holds nothing where a middleware of all routes cannot be made', () => {
    const world = new ScriptedProxy({ route: { paths: [] } });
    const { arena } = world.memory.pool;
    const broken = { ...hooksUse({}), name: 'not defined' };
    const options = proxyOptions({ middleware: [broken] });
    const config = { options, routes: [], routeTable: compileRouteTable([]), upstreams: [] };
    world.serve([{ paths: [] }]);
    const before = arena.staticBytes;
    for (let i = 0; i < 10; i++) {
      assert.throws(() => world.proxy.prepare(config), { code: 'ZP_MIDDLEWARE_UNKNOWN' });
    }
    assert.equal(arena.staticBytes, before);
  });
});
