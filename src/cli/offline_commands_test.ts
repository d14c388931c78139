// The commands that look at configurations: what they print, and how they exit.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { callCommand } from '../../tests/support/call_command.ts';

const folder: string = mkdtempSync(join(tmpdir(), 'zproxy-offline-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const CONFIG = `listeners: [{ address: ":8080" }]
upstreams:
  a: { endpoints: ["http://10.0.0.1:9000"] }
  b:
    endpoints: [{ url: "http://10.0.0.2", weight: 2 }]
    timeouts: { connect: 1s }
routes:
  - { name: api, host: example.com, path: "/api/*rest", upstreams: { a: 90, b: 10 } }
  - { name: old, path: "/old", redirect: "/new" }
  - { name: rest, method: GET, upstream: a }
timeouts: { firstByte: 9s }
via: proxy
`;

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const config: string = file('zproxy.yaml', CONFIG);

test('explain prints what becomes of a request, with file and line', async () => {
  const url = 'http://example.com/api/x';
  const { code, out, errors } = await callCommand('explain', 'GET', url, '-c', config);
  assert.deepEqual([code, errors], [0, '']);
  assert.equal(
    out,
    `request     GET example.com /api/x, from 127.0.0.1 over http at :8080
route       api (${config}:8:5)
            host example.com is example.com, path /api/x is /api/*rest
parameters  rest = x
not chosen  rest (${config}:10:5): would match, but its host (any host) is less specific
            old (${config}:9:5): path differs at segment 1 (wanted "old", got "api")
upstream    a, 90 % of the requests (${config}:3:6)
endpoint    http://10.0.0.1:9000/api/x (${config}:3:20)
headers     Host: example.com
            X-Forwarded-For: 127.0.0.1
            X-Forwarded-Proto: http
            X-Forwarded-Host: example.com
            X-Request-Id: (a new one for each request)
            Via: 1.1 proxy
upstream    b, 10 % of the requests (${config}:5:5)
endpoint    http://10.0.0.2/api/x, weight 2 (${config}:5:17)
headers     Host: example.com
            X-Forwarded-For: 127.0.0.1
            X-Forwarded-Proto: http
            X-Forwarded-Host: example.com
            X-Request-Id: (a new one for each request)
            Via: 1.1 proxy
listener    timeouts: requestHead 10s, bodyIdle 1m, bodyRateGrace 10s, keepAliveIdle \
75s, linger 2s, drainIdle 5s (defaults)
            limits: requestHead 32KiB, field 16KiB, fields 128, target 8KiB, \
requestsPerConnection 100000, bodyRate 240B, linger 256KiB (defaults)
route       limits: requestBody none (defaults)
upstream a  timeouts.firstByte 9s (${config}:11:24)
            timeouts: connect 5s, betweenBytes 1m, tunnelIdle 1h, upstreamIdle 55s, \
upstreamAge 1h (defaults)
            limits: responseHead 32KiB, upstreamConnections 4096, \
upstreamIdleConnections 256 (defaults)
upstream b  timeouts.connect 1s (${config}:6:26)
            timeouts.firstByte 9s (${config}:11:24)
            timeouts: betweenBytes 1m, tunnelIdle 1h, upstreamIdle 55s, upstreamAge 1h (defaults)
            limits: responseHead 32KiB, upstreamConnections 4096, \
upstreamIdleConnections 256 (defaults)
`,
  );
});

test('explain takes headers and an address, and prints JSON', async () => {
  const args = ['explain', 'POST', '/api/x', '-H', 'Host: example.com', '-H', 'X-A: b: c'];
  const json = await callCommand(...args, '--from', '::1', '-c', config, '--json');
  const explanation = JSON.parse(json.out);
  assert.equal(explanation.route.name, 'api');
  assert.equal(explanation.request.clientIp, '::1');
  assert.ok(
    explanation.forward.upstreams[0].headers.some(([name, value]: [string, string]) => {
      return name === 'X-A' && value === 'b: c';
    }),
  );
  const refused = await callCommand('explain', 'POST', 'http://h/x', '-c', config);
  assert.equal(refused.code, 0, 'it is explained');
  assert.match(refused.out, /^answer +405 \(method_not_allowed\)/m);
  assert.match(refused.out, /^headers +Allow: GET$/m);
});

test('explain tells a wrong question (2) from a wrong configuration (1)', async () => {
  for (const [args, text] of [
    [['GET', 'example.com/x'], /"example.com\/x" is no URL; write http:\/\/example.com\/x/],
    [['GET', '/x', '-H', 'x'], /"x" is no header; write one as 'name: value'/],
    [['GET', '/x', '--from', 'here'], /--from here is no address/],
  ] as const) {
    const { code, out, errors } = await callCommand('explain', ...args, '-c', config);
    assert.deepEqual([code, out], [2, '']);
    assert.match(errors, text);
  }
  const broken = file('broken.yaml', CONFIG.replace('redirect', 'rediret'));
  const invalid = await callCommand('explain', 'GET', '/x', '-c', broken);
  assert.equal(invalid.code, 1);
  assert.match(invalid.errors, /did you mean "redirect"/);
});

test('explain shows ten routes that lost, and all where asked', async () => {
  const routes = Array.from({ length: 30 }, (_, i) => `  - { path: /p${i}, upstream: a }\n`);
  const many = file(
    'many.yaml',
    CONFIG.replace('timeouts: { f', `${routes.join('')}timeouts: { f`),
  );
  const some = await callCommand('explain', 'GET', 'http://h/old', '-c', many);
  assert.match(some.out, /^ +and 22 routes more; --all shows them$/m);
  const all = await callCommand('explain', 'GET', 'http://h/old', '-c', many, '--all');
  assert.match(all.out, /p29/);
});

test('routes prints the table, in columns or as JSON', async () => {
  const { code, out } = await callCommand('routes', '-c', config);
  assert.equal(code, 0);
  assert.equal(
    out,
    `host         path        method  action          route
example.com  /api/*rest  *       a 90 %, b 10 %  api (${config}:8:5)
*            /old        *       308 to /new     old (${config}:9:5)
*            *           GET     a               rest (${config}:10:5)
`,
  );
  const rows = JSON.parse((await callCommand('routes', '-c', config, '--json')).out);
  assert.deepEqual(
    rows.map(({ name }: { name: string }) => name),
    ['api', 'old', 'rest'],
  );
});

test('config print is a configuration that means the same, with its defaults marked', async () => {
  const { code, out } = await callCommand('config', 'print', '-c', config);
  assert.equal(code, 0);
  assert.match(out, /^ {6}firstByte: 9s # from the top level$/m);
  assert.match(out, /^ {6}connect: 1s$/m);
  assert.match(out, /^workers: auto # default$/m);
  const yaml = file('printed.yaml', out);
  const json = await callCommand('config', 'print', '-c', config, '--json');
  for (const printed of [yaml, file('printed.json', json.out)]) {
    const diff = await callCommand('config', 'diff', config, printed);
    assert.deepEqual(diff, { code: 0, out: 'no difference in meaning\n', errors: '' });
  }
});

test('config print quotes what YAML would read as something else', async () => {
  const odd = {
    listeners: [{ address: ':80' }],
    routes: [
      {
        name: 'yes',
        path: '/a',
        headers: { 'x-a': '123', 'x-b': 'true', 'x-c': '', 'x-d': ' a: b # c', 'x-e': 'ü\n"' },
        respond: { body: '- x\n' },
      },
    ],
  };
  const original = file('odd.json', JSON.stringify(odd));
  const { out } = await callCommand('config', 'print', '-c', original);
  const diff = await callCommand('config', 'diff', original, file('odd.yaml', out));
  assert.deepEqual(diff, { code: 0, out: 'no difference in meaning\n', errors: '' });
});

test('config diff says what differs, and exits as diff does', async () => {
  const text = CONFIG.replace('connect: 1s', 'connect: 2s').replace(
    '  - { name: old',
    '  - { name: older',
  );
  const changed = file('changed.yaml', `${text.replace(/.*rest, method.*\n/, '')}watch: true\n`);
  const { code, out } = await callCommand('config', 'diff', config, changed);
  assert.equal(code, 1);
  assert.equal(
    out,
    `~ watch: false -> true
~ upstream b: timeouts.connect: "1s" -> "2s"
- route rest
~ route older: name: "old" -> "older"
`,
  );
  const json = await callCommand('config', 'diff', config, changed, '--json');
  const { changes, replay } = JSON.parse(json.out);
  assert.deepEqual([changes.length, replay], [4, null]);
  const broken = file('broken2.yaml', 'listeners: 1\n');
  const trouble = await callCommand('config', 'diff', config, broken);
  assert.equal(trouble.code, 2);
  assert.match(trouble.errors, /broken2\.yaml:1:12/);
  assert.equal((await callCommand('config', 'diff', config)).code, 2);
});

test('config diff --replay tells which logged requests would take another route', async () => {
  const moved = CONFIG.replace('path: "/old"', 'path: "/older"');
  const changed = file('moved.yaml', moved);
  const lines = ['/old', '/old?x', '/other', '/older'].map((target) =>
    JSON.stringify({ client: '192.0.2.1', method: 'GET', target, host: 'h' }),
  );
  const log = file('access.log', `${lines.join('\n')}\nnonsense\n`);
  const { code, out } = await callCommand('config', 'diff', config, changed, '--replay', log);
  assert.equal(code, 1);
  const at = out.indexOf('\n\n');
  assert.equal(
    out.slice(at + 2),
    `3 of 4 requests would be answered by another route, 1 line not understood
2: old (${config}:9:5) -> rest (${changed}:10:5)
    GET h /old
    GET h /old?x
1: rest (${config}:10:5) -> old (${changed}:9:5)
    GET h /older
`,
  );
  const none = await callCommand('config', 'diff', config, changed, '--replay', join(folder, 'no'));
  assert.equal(none.code, 2);
  assert.match(none.errors, /^zproxy: reading the access log .* failed: ENOENT/);
});

test('init writes a file that check accepts, and never overwrites one', async () => {
  for (const name of ['new.yaml', 'new.json', 'new.config.ts']) {
    const path = join(folder, name);
    const { code, out } = await callCommand('init', path);
    assert.equal(code, 0, name);
    assert.match(out, new RegExp(`next: zproxy check --config ${path}, then zproxy run`));
    assert.equal((await callCommand('check', '-c', path)).code, 0, name);
    const text = readFileSync(path, 'utf8');
    const schema = /\$schema(?:=|": ")([^"\n]+)/.exec(text)?.[1];
    assert.equal(schema === undefined, name === 'new.config.ts');
    assert.ok(schema === undefined || existsSync(schema), 'editors find the schema');
    const again = await callCommand('init', path);
    assert.equal(again.code, 1);
    assert.match(again.errors, /exists, and is left as it is/);
    assert.equal(readFileSync(path, 'utf8'), text);
  }
});

test('init takes the format from the name or the option, and refuses both at odds', async () => {
  for (const args of [
    ['x.txt'],
    ['x.yaml', '--json'],
    ['x.json', '--yaml'],
    ['--yaml', '--json'],
  ]) {
    const { code, errors } = await callCommand('init', ...args);
    assert.equal(code, 2, args.join(' '));
    assert.notEqual(errors, '');
  }
  const missing = await callCommand('init', join(folder, 'none', 'x.yaml'));
  assert.equal(missing.code, 1);
  assert.match(missing.errors, /cannot write .*ENOENT/);
});
