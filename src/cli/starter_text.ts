// What `zproxy init` writes: a configuration that passes `zproxy check` as it is, and shows what
// most people change first. JSON has no comments; its reader is sent to the reference.

export type StarterFormat = 'ts' | 'yaml' | 'json';

/** `schemaPath` is where editors find what they complete and check YAML and JSON by. */
export function starterText(format: StarterFormat, schemaPath: string): string {
  switch (format) {
    case 'ts':
      return TYPESCRIPT;
    case 'yaml':
      return `# yaml-language-server: $schema=${schemaPath}\n${YAML}`;
    case 'json':
      return `{\n  "$schema": ${JSON.stringify(schemaPath)},\n${JSON_TEXT}`;
  }
}

const TYPESCRIPT = `// Configuration of ZProxy. Check it with \`zproxy check\`, ask it with
// \`zproxy explain GET http://localhost:8080/api/x\`, start it with \`zproxy run\`.

import { defineConfig } from 'zproxy';

export default defineConfig({
  // Where clients connect: '127.0.0.1:8080', ':80' (IPv4 and IPv6) or 'unix:/path'.
  listeners: [{ address: '127.0.0.1:8080' }],

  // Your services: named sets of endpoints. Several endpoints share the requests by weight.
  upstreams: {
    app: { endpoints: ['http://127.0.0.1:3000'] },
    // api: {
    //   endpoints: ['http://10.0.0.1:9000', { url: 'http://10.0.0.2:9000', weight: 2 }],
    //   timeouts: { connect: '1s', firstByte: '30s' },
    // },
  },

  // Which request goes where. The more specific route wins, in whatever order they stand.
  routes: [
    { path: '/health', respond: { body: 'ok' } },
    // { host: 'api.example.com', path: '/v1/*rest', upstream: 'api' },
    // { path: '/old/*rest', redirect: '/{params.rest}' },
    { upstream: 'app' },
  ],

  // Proxies in front of this one, whose X-Forwarded fields are believed.
  // trustedProxies: ['10.0.0.0/8'],

  // Reload when this file changes, without \`zproxy reload\`.
  // watch: true,

  // Metrics for Prometheus, at an address that the public cannot reach.
  // metrics: { address: '127.0.0.1:9090' },
});
`;

const YAML = `# Configuration of ZProxy. Check it with \`zproxy check\`, ask it with
# \`zproxy explain GET http://localhost:8080/api/x\`, start it with \`zproxy run\`.

# Where clients connect: 127.0.0.1:8080, ":80" (IPv4 and IPv6) or unix:/path.
listeners:
  - address: 127.0.0.1:8080

# Your services: named sets of endpoints. Several endpoints share the requests by weight.
upstreams:
  app:
    endpoints: ["http://127.0.0.1:3000"]
  # api:
  #   endpoints:
  #     - http://10.0.0.1:9000
  #     - { url: "http://10.0.0.2:9000", weight: 2 }
  #   timeouts: { connect: 1s, firstByte: 30s }

# Which request goes where. The more specific route wins, in whatever order they stand.
routes:
  - path: /health
    respond: { body: ok }
  # - { host: api.example.com, path: /v1/*rest, upstream: api }
  # - path: /old/*rest
  #   redirect: "/{params.rest}"
  - upstream: app

# Proxies in front of this one, whose X-Forwarded fields are believed.
# trustedProxies: [10.0.0.0/8]

# Reload when this file changes, without \`zproxy reload\`.
# watch: true

# Metrics for Prometheus, at an address that the public cannot reach.
# metrics: { address: "127.0.0.1:9090" }
`;

const JSON_TEXT = `  "listeners": [{ "address": "127.0.0.1:8080" }],
  "upstreams": {
    "app": { "endpoints": ["http://127.0.0.1:3000"] }
  },
  "routes": [
    { "path": "/health", "respond": { "body": "ok" } },
    { "upstream": "app" }
  ]
}
`;
