// The page that the demo upstream shows to browsers: what arrived behind the proxy, a live event
// stream and a WebSocket, so that each of the three ways through the proxy can be seen to work.

import type { IncomingMessage } from 'node:http';

export function renderDemoPage(request: IncomingMessage): string {
  const rows = fieldsOf(request)
    .map(([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`)
    .join('\n');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>ZProxy demo</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid #8884 }
  th { white-space: nowrap; font-weight: 600 }
  td { word-break: break-all; font-family: ui-monospace, monospace; font-size: .9em }
  output { font-family: ui-monospace, monospace }
</style>
<h1>It works: this page came through ZProxy.</h1>
<p>The demo upstream behind it received
  <code>${escapeHtml(`${request.method} ${request.url}`)}</code> with these fields:</p>
<table>
${rows}
</table>
<p>Event stream: <output id="events">waiting</output></p>
<p>WebSocket: <input id="text" value="hello" aria-label="message"> <button id="send">send</button>
  <output id="echo"></output></p>
<script>
  const show = (id, text) => { document.getElementById(id).textContent = text };
  new EventSource('/events').onmessage = (event) => show('events', event.data);
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket');
  socket.onmessage = (event) => show('echo', 'echo: ' + event.data);
  socket.onclose = () => show('echo', 'closed');
  const text = document.getElementById('text');
  document.getElementById('send').onclick = () => socket.send(text.value);
</script>
`;
}

/** Names as they were sent, in order. */
export function fieldsOf(request: IncomingMessage): [string, string][] {
  const { rawHeaders } = request;
  const fields: [string, string][] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) fields.push([rawHeaders[i]!, rawHeaders[i + 1]!]);
  return fields;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
