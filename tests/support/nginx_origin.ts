// An nginx as upstream, in a folder of its own, on a Unix socket (so that no port has to be free),
// ended by its process id.

import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from './find_program.ts';
import { until } from './proxied_origin.ts';

export class NginxOrigin {
  readonly socketPath: string;
  readonly #child: ChildProcess;

  private constructor(socketPath: string, child: ChildProcess) {
    this.socketPath = socketPath;
    this.#child = child;
  }

  /** Starts it in `folder`; serves `files` by name and the directives in `server`. */
  static async start(
    folder: string,
    files: Readonly<Record<string, string | Buffer>>,
    server: string,
  ): Promise<NginxOrigin> {
    const socketPath = join(folder, 'nginx.sock');
    const content = join(folder, 'content');
    mkdirSync(content);
    chmodSync(folder, 0o755); // its worker may be another user
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(content, name), bytes);
    const config = join(folder, 'nginx.conf');
    writeFileSync(config, configOf(folder, socketPath, content, server));
    const args = ['-p', folder, '-c', config, '-e', join(folder, 'error.log')];
    const child = spawn(findProgram('nginx')!, args, { stdio: 'ignore' });
    await until('nginx listens', () => {
      if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
      return existsSync(socketPath);
    });
    return new NginxOrigin(socketPath, child);
  }

  async close(): Promise<void> {
    this.#child.kill('SIGTERM');
    await until('nginx ends', () => this.#child.exitCode !== null || this.#child.signalCode);
  }
}

function configOf(folder: string, socketPath: string, content: string, server: string): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join('\n  ');
  return `daemon off;
worker_processes 1;
pid ${join(folder, 'nginx.pid')};
events { worker_connections 64; }
http {
  access_log off;
  ${paths}
  default_type application/octet-stream;
  server {
    listen unix:${socketPath};
    root ${content};
    ${server}
  }
}
`;
}
