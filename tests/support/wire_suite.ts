// Runs the same tests over each transport, with one proxy per transport for all that need no config
// of their own. Every test ends with the question whether the origin was sent anything malformed.

import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import {
  type ProxiedConfig,
  type ProxiedOrigin,
  startProxied,
  TRANSPORTS,
  type TransportName,
} from './proxied_origin.ts';
import type { ScriptedOrigin } from './scripted_origin.ts';

export interface WireSuite {
  readonly transport: TransportName;
  /** A test with the suite's proxy, as if it were new. */
  test(name: string, body: (proxied: ProxiedOrigin, t: TestContext) => Promise<void>): void;
  /** A test with a proxy of its own. */
  testWith(
    name: string,
    config: ProxiedConfig | ((origin: ScriptedOrigin) => ProxiedConfig),
    body: (proxied: ProxiedOrigin, t: TestContext) => Promise<void>,
  ): void;
  /** Starts a proxy inside a test, which closes it. */
  start(config: ProxiedConfig): Promise<ProxiedOrigin>;
}

/** Defines `define`'s tests for each transport; `config` is of the shared proxy. */
export function wireSuite(
  name: string,
  config: ProxiedConfig,
  define: (suite: WireSuite) => void,
): void {
  for (const { transport, skip } of TRANSPORTS) {
    describe(`${name} (transport ${transport})`, { skip }, () => {
      let shared: ProxiedOrigin;
      before(async () => {
        shared = await startProxied(transport, config);
      });
      after(() => shared.close());
      define({
        transport,
        test: (title, body) => {
          test(title, async (t) => {
            shared.restart();
            await body(shared, t);
            assert.deepEqual(shared.origin.faults, []);
          });
        },
        start: (own) => startProxied(transport, own),
        testWith: (title, own, body) => {
          test(title, async (t) => {
            const proxied = await startProxied(transport, own);
            try {
              await body(proxied, t);
              assert.deepEqual(proxied.origin.faults, []);
            } finally {
              await proxied.close();
            }
          });
        },
      });
    });
  }
}
