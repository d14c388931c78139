// Entry of the loader: a short-lived process that evaluates a config file and hands plain data
// back. The user's module runs here and nowhere else, so it can neither keep memory nor the
// supervisor's sockets.

import { loadConfigFile } from '../config/load_config_file.ts';

const result = await loadConfigFile(process.argv[2]!);
process.send!(result, () => process.exit(0));
