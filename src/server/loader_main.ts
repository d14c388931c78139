// Entry of the loader: a short-lived process that evaluates a config file and hands plain data
// back, over the descriptor that loader.ts reads. The user's modules run here and, as far as they
// define middleware, in workers, so they can neither keep memory nor the supervisor's sockets.

const { writeSync } = await import('node:fs');
const { serialize } = await import('node:v8');
const { loadConfigFile } = await import('../config/load_config_file.ts');
const { LOADER_RESULT_DESCRIPTOR } = await import('./loader_descriptor.ts');

const [file, wanted] = process.argv.slice(2);

// Not awaited here: a module that waits for something that never comes lets the process end, and
// Node's warning about that would show this file instead of the user's. The parent says it better.
void loadConfigFile(file!, { wantsEffective: wanted === 'effective' }).then((result) => {
  const bytes = serialize(result);
  for (let offset = 0; offset < bytes.length; ) {
    offset += writeSync(LOADER_RESULT_DESCRIPTOR, bytes, offset);
  }
  process.exit(0);
});
