// The one local gate, `npm run ok`: a line per step, under a minute.

import { gateSteps } from './gate_steps.ts';
import { closingLine, runSteps } from './steps.ts';

const result = await runSteps(gateSteps());
console.log(closingLine(result));
process.exit(result.failed > 0 ? 1 : 0);
