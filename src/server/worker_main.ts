// Entry of a worker process. Signals first: what the terminal sends to its process group is not for
// workers, not even while the modules are still being loaded.

import { ignoreTerminalSignals } from './signals.ts';

ignoreTerminalSignals();
const { runWorker } = await import('./worker.ts');
runWorker();
