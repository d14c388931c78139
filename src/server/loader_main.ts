// Entry of the loader: a short-lived process that evaluates a config file and hands plain data
// back. The user's module runs here and nowhere else, so it can neither keep memory nor the
// supervisor's sockets.

const { loadConfigFile } = await import('../config/load_config_file.ts');

// Not awaited here: a module that waits for something that never comes lets the process end, and
// Node's warning about that would show this file instead of the user's. The parent says it better.
void loadConfigFile(process.argv[2]!).then((result) => {
  process.send!(result, () => process.exit(0));
});
