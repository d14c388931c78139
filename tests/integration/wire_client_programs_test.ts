// Clients and a server that other people wrote, over real sockets: curl, node:http with an agent
// that keeps connections, undici with pipelining, and nginx as upstream.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { Client, request as undiciRequest } from 'undici';
import { findProgram } from '../support/find_program.ts';
import { NginxOrigin } from '../support/nginx_origin.ts';
import type { ProxiedOrigin } from '../support/proxied_origin.ts';
import { answerOk, type OriginConnection } from '../support/scripted_origin.ts';
import { fieldValue, type WireMessage } from '../support/wire_message.ts';
import { type WireSuite, wireSuite } from '../support/wire_suite.ts';
import { send } from './http_client.ts';

const MIB = 1_048_576;

interface CurlResult {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs curl to its end. `input` is its standard input. */
function curl(args: readonly string[], input: Buffer = Buffer.alloc(0)): Promise<CurlResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('curl', ['-sS', '--max-time', '20', '-q', '--noproxy', '*', ...args]);
    const chunks: Buffer[] = [];
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(chunks), stderr }));
    child.stdin.on('error', () => {}); // it need not read it all
    child.stdin.end(input);
  });
}

/** As servers do; without it the proxy waits a second before it asks for the body. */
function sayContinue(request: WireMessage, connection: OriginConnection): void {
  if (fieldValue(request.fields, 'expect') === undefined) return;
  connection.write('HTTP/1.1 100 Continue\r\n\r\n');
}

wireSuite('client programs', {}, (suite) => {
  defineCurl(needing(suite, 'curl'));
  defineNodeHttp(suite);
  defineUndici(suite);
  defineNginx(needing(suite, 'nginx', 'curl'));
});

/** The same suite, of which nothing runs, visibly, where a program is missing. */
function needing(suite: WireSuite, ...programs: string[]): WireSuite {
  const missing = programs.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return suite;
  const skip = `not installed: ${missing.join(', ')} (apt-get install ${missing.join(' ')})`;
  const skipped = (name: string): void => {
    test(name, { skip }, () => {});
  };
  return { ...suite, test: skipped, testWith: skipped };
}

function defineCurl(suite: WireSuite): void {
  suite.test('curl: GET, HEAD, HTTP/1.0, two requests on one connection', async (proxied) => {
    const { url } = proxied;
    assert.equal((await curl([`${url}/1`])).stdout.toString(), 'origin /1');
    assert.match((await curl(['-I', `${url}/2`])).stdout.toString(), /^HTTP\/1\.1 200 OK\r\n/);
    assert.equal((await curl(['-0', `${url}/3`])).stdout.toString(), 'origin /3');
    const format = '%{num_connects} ';
    const two = await curl(['-w', format, `${url}/4`, `${url}/5`]);
    assert.equal(two.stdout.toString(), 'origin /41 origin /50 ');
  });

  for (const args of [
    ['-T', '-'],
    ['-T', '-', '-H', 'Expect:'],
    ['--data-binary', '@-'],
    ['--data-binary', '@-', '-H', 'Expect: 100-continue'],
  ]) {
    suite.test(`curl: uploads 10 MiB (${args.join(' ')})`, async (proxied) => {
      const body = Buffer.alloc(10 * MIB, 'abcdefg');
      proxied.origin.onHead = sayContinue;
      const result = await curl([...args, `${proxied.url}/up`], body);
      assert.equal(result.stdout.toString(), 'origin /up', result.stderr);
      assert.equal(proxied.origin.requests[0]!.body.equals(body), true);
    });
  }

  suite.testWith(
    'curl: reads a 413 to 10 MiB whole',
    { limits: { requestBody: '1MiB' } },
    async (proxied) => {
      const body = Buffer.alloc(10 * MIB, 'x');
      proxied.origin.onHead = sayContinue;
      for (const args of [
        ['-T', '-'],
        ['-T', '-', '-H', 'Expect:'],
        ['--data-binary', '@-'],
        ['--data-binary', '@-', '-H', 'Expect:'],
      ]) {
        const result = await curl([...args, '-w', '|%{http_code}', `${proxied.url}/up`], body);
        assert.equal(result.code, 0, `curl ${args.join(' ')}: ${result.stderr}`);
        assert.match(result.stdout.toString(), /^request_body_too_large: [^|]*\|413$/);
      }
      assert.equal(proxied.origin.requests.length, 0);
    },
  );

  suite.test('curl: sees that a chunked answer broke off', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) => {
      connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      connection.end();
    };
    const result = await curl([`${proxied.url}/`]);
    assert.notEqual(result.code, 0);
    const asHttp10 = await curl(['-0', `${proxied.url}/`]);
    assert.notEqual(asHttp10.code, 0);
  });
}

function defineNodeHttp(suite: WireSuite): void {
  suite.test('node:http: 200 requests over kept connections', async (proxied) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    try {
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, i) =>
          send(`${proxied.url}/${i}`, { agent, method: 'POST', payload: `body ${i}` }),
        ),
      );
      for (const [i, answer] of answers.entries()) assert.equal(answer.body, `origin /${i}`);
      assert.equal(proxied.origin.requests.length, 200);
      for (const { target, body } of proxied.origin.requests) {
        assert.equal(body.toString(), `body ${target.slice(1)}`);
      }
    } finally {
      agent.destroy();
    }
  });

  suite.test('node:http: an error where the answer broke off', async (proxied) => {
    proxied.origin.onRequest = (_request, connection) => {
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello');
      connection.end();
    };
    await assert.rejects(send(`${proxied.url}/`));
  });
}

function defineUndici(suite: WireSuite): void {
  suite.test('undici: pipelined requests with bodies', async (proxied) => {
    const client = new Client(proxied.url, { pipelining: 8 });
    try {
      const bodies = await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const method = i % 3 === 0 ? 'PUT' : 'GET';
          const body = method === 'PUT' ? `body ${i}` : null;
          const answer = await client.request({ path: `/${i}`, method, body });
          return answer.body.text();
        }),
      );
      assert.deepEqual(
        bodies,
        bodies.map((_, i) => `origin /${i}`),
      );
    } finally {
      await client.close();
    }
  });

  suite.testWith(
    'undici: reads a 413 to 10 MiB whole',
    { limits: { requestBody: '1MiB' } },
    async (proxied) => {
      const body = Buffer.alloc(10 * MIB, 'x');
      const whole = await undiciRequest(`${proxied.url}/up`, { method: 'POST', body });
      assert.equal(whole.statusCode, 413);
      assert.match(await whole.body.text(), /^request_body_too_large: /);
      const pieces = Array.from({ length: 160 }, () => body.subarray(0, 65_536));
      const streamed = await undiciRequest(`${proxied.url}/up`, {
        method: 'POST',
        body: Readable.from(pieces),
      });
      assert.equal(streamed.statusCode, 413);
      assert.match(await streamed.body.text(), /^request_body_too_large: /);
    },
  );

  suite.test('undici: trailers and interim answers', async (proxied) => {
    proxied.origin.onRequest = (request, connection) => {
      if (request.target !== '/t') {
        answerOk(request, connection);
        return;
      }
      connection.write('HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n');
      connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n');
      connection.write('2\r\nab\r\n0\r\nX-Sum: 9\r\n\r\n');
    };
    const infos: number[] = [];
    const answer = await undiciRequest(`${proxied.url}/t`, {
      onInfo: ({ statusCode }) => infos.push(statusCode),
    });
    assert.equal(await answer.body.text(), 'ab');
    assert.deepEqual(infos, [103]);
    assert.equal(answer.trailers['x-sum'], '9');
  });
}

function defineNginx(suite: WireSuite): void {
  const file = Buffer.alloc(3 * MIB, 'nginx-');

  const nginxTest = (
    name: string,
    server: string,
    body: (proxied: ProxiedOrigin) => Promise<void>,
  ): void => {
    suite.test(`nginx: ${name}`, async (_proxied, t) => {
      const own = await startBeforeNginx(suite, t, file, server);
      try {
        await body(own);
      } finally {
        await own.close();
      }
    });
  };

  nginxTest('a file of 3 MiB, ranges, conditions, HEAD, errors', '', async (proxied) => {
    const { url } = proxied;
    const whole = await undiciRequest(`${url}/file`);
    const bytes = Buffer.from(await whole.body.arrayBuffer());
    const hash = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
    assert.equal(hash(bytes), hash(file));
    const range = await send(`${url}/file`, { headers: { range: 'bytes=6-11' } });
    assert.equal(range.status, 206);
    assert.equal(range.body, 'nginx-');
    const etag = String(whole.headers['etag']);
    const fresh = await send(`${url}/file`, { headers: { 'if-none-match': etag } });
    assert.equal(fresh.status, 304);
    assert.equal(fresh.body, '');
    const head = await send(`${url}/file`, { method: 'HEAD' });
    assert.equal(head.headers['content-length'], String(file.length));
    assert.equal((await send(`${url}/none`)).status, 404);
    assert.equal((await curl(['-0', `${url}/file`])).stdout.equals(file), true);
  });

  nginxTest(
    'its answer during an upload, its closes and its chunks',
    `client_max_body_size 1k; location /one { keepalive_timeout 0; return 200 one; }
     location /many { keepalive_requests 2; return 200 many; }
     location /chunked { gzip on; gzip_min_length 1; gzip_types *; try_files /file =404; }`,
    async (proxied) => {
      const { url } = proxied;
      const body = Buffer.alloc(10 * MIB, 'x');
      const args = ['--data-binary', '@-', '-w', '|%{http_code}'];
      const result = await curl([...args, `${url}/file`], body);
      assert.match(result.stdout.toString(), /\|413$/, result.stderr);
      for (let i = 0; i < 5; i++) {
        assert.equal((await send(`${url}/one`)).body, 'one');
        assert.equal((await send(`${url}/many`)).body, 'many');
      }
      const zipped = await curl(['--compressed', `${url}/chunked`]);
      assert.equal(zipped.stdout.equals(file), true);
    },
  );
}

async function startBeforeNginx(
  suite: WireSuite,
  t: TestContext,
  file: Buffer,
  server: string,
): Promise<ProxiedOrigin> {
  const folder = mkdtempSync(join(tmpdir(), 'zproxy-nginx-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const nginx = await NginxOrigin.start(folder, { file }, server);
  t.after(() => nginx.close());
  return suite.start({ upstreams: { origin: { endpoints: [`unix:${nginx.socketPath}`] } } });
}
