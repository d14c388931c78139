// The demo upstream by itself: the page, the JSON, the echo, the event stream, the WebSocket.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { type DemoUpstream, startDemoUpstream } from './demo_upstream.ts';

let upstream: DemoUpstream;
before(async () => {
  upstream = await startDemoUpstream();
});
after(() => upstream.close());

const url = (path: string): string => `http://127.0.0.1:${upstream.port}${path}`;

test('the demo upstream shows what it received, as JSON or as a page', async () => {
  const response = await fetch(url('/a?b=c'), { headers: { 'X-Thing': 'one' } });
  const report = (await response.json()) as { url: string; fields: Record<string, string> };
  assert.equal(report.url, '/a?b=c');
  assert.equal(report.fields['X-Thing'] ?? report.fields['x-thing'], 'one');
  const page = await fetch(url('/'), { headers: { accept: 'text/html', 'x-evil': '<script>' } });
  const html = await page.text();
  assert.match(html, /It works/);
  assert.ok(!html.includes('<td><script>'));
});

test('the demo upstream echoes bodies', async () => {
  const response = await fetch(url('/echo'), { method: 'POST', body: 'hello' });
  assert.equal(await response.text(), 'hello');
});

test('the demo upstream streams events until the client leaves', async () => {
  const abort = new AbortController();
  const response = await fetch(url('/events'), { signal: abort.signal });
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  assert.match(new TextDecoder().decode(value), /^data: \d{4}-/);
  abort.abort();
});

test('the demo WebSocket echoes short and long messages, and closes', async () => {
  const socket = new WebSocket(url('/socket').replace('http', 'ws'));
  await once(socket, 'open');
  for (const text of ['hello', 'ü'.repeat(5_000)]) {
    socket.send(text);
    const [event] = (await once(socket, 'message')) as [{ data: string }];
    assert.equal(event.data, text);
  }
  socket.close();
  await once(socket, 'close');
});

test('the demo WebSocket refuses other protocols', async () => {
  const socket = connect(upstream.port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  const [data] = (await once(socket, 'data')) as [Buffer];
  assert.match(data.toString(), /^HTTP\/1\.1 400 /);
  socket.destroy();
});
