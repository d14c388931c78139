// What the route table found for one request. Reused: one per exchange or worker.

import { PATH_PARAMETERS_COUNT_MAX } from '../base/limits.ts';

export class RouteMatch {
  /** -1 for none. */
  routeIndex = -1;
  /** Which of the route's paths it was: for RouteTable.paramNames. -1 for none. */
  entryIndex = -1;
  paramsCount = 0;
  /** Start and end of each parameter's value, into the bytes of the request. */
  readonly params: Int32Array = new Int32Array(PATH_PARAMETERS_COUNT_MAX * 2);
}
