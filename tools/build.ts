// Builds what the package carries into dist/: one bundle per process (Node does not strip types
// under node_modules, and one file starts faster than a hundred), source maps, and the types of
// the public API.
//
//   node tools/build.ts     the same as `npm run build`
//
// Packages that we depend on are bundled, too, so that an installation has nothing else to fetch;
// their licences are collected in dist/LICENSES.txt.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { BUILTIN_MODULES, separateBundles } from './bundle_plugins.ts';
import { ROOT } from './steps.ts';

/**
 * The bundles in dist/, next to each other there, and where each begins: an entry per process, and
 * what only some starts need: by the format of the configuration, or by the command.
 */
const BUNDLES: Readonly<Record<string, string>> = {
  cli: 'src/cli/main.ts',
  worker_main: 'src/server/worker_main.ts',
  loader_main: 'src/server/loader_main.ts',
  load_config_file: 'src/config/load_config_file.ts',
  import_middleware: 'src/config/import_middleware.ts',
  read_json: 'src/config/read_json.ts',
  read_module: 'src/config/read_module.ts',
  read_yaml: 'src/config/read_yaml.ts',
  explain: 'src/cli/explain.ts',
  routes: 'src/cli/routes.ts',
  config_diff: 'src/cli/config_diff.ts',
  proxy_instance: 'src/api/proxy_instance.ts',
  index: 'src/index.ts',
};

const DIST: string = join(ROOT, 'dist');

/** Empties dist/ and fills it; throws where a bundle or the types cannot be made. */
export async function buildPackage(): Promise<void> {
  rmSync(DIST, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: BUNDLES,
    outdir: DIST,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    plugins: [BUILTIN_MODULES, separateBundles(BUNDLES)],
    sourcemap: 'linked',
    sourcesContent: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    // A dependency in CommonJS asks for Node's own modules by `require`.
    banner: {
      js:
        "import { createRequire as bundleRequire } from 'node:module'; " +
        'const require = bundleRequire(import.meta.url);',
    },
  });
  writeFileSync(join(DIST, 'LICENSES.txt'), collectLicences(metafile));
  emitTypes();
}

/** Declarations of src/index.ts and of what it names. */
function emitTypes(): void {
  const outDir = join(DIST, 'types');
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  const options = ['--emitDeclarationOnly', '--declaration', '--noEmit', 'false'];
  const project = join(ROOT, 'tools', 'tsconfig.types.json');
  const result = spawnSync(tsc, ['-p', project, ...options, '--outDir', outDir], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`the types cannot be emitted:\n${result.stdout}`);
  for (const entry of readdirSync(outDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replaceAll(/(from '\.[^']*)\.ts'/g, "$1.js'"));
  }
}

/** The licence text of each package that went into a bundle. */
function collectLicences(metafile: Metafile): string {
  const names = new Set<string>();
  for (const input of Object.keys(metafile.inputs)) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
    if (name !== undefined) names.add(name);
  }
  const texts = [...names].sort().map((name) => {
    const folder = join(ROOT, 'node_modules', name);
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license'].find((candidate) =>
      existsSync(join(folder, candidate)),
    );
    if (file === undefined) throw new Error(`the package ${name} has no licence file`);
    return `${name}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return texts.join('\n----------------------------------------\n\n');
}

if (import.meta.main) await buildPackage();
