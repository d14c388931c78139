// Every state of a connection against every event: what is not in the picture asserts.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import * as transitions from './connection_state.ts';
import { ConnectionState } from './connection_state.ts';

type Event = (state: ConnectionState) => ConnectionState;
type StateName = keyof typeof ConnectionState;

const EVENTS: readonly (readonly [Event, StateName, readonly StateName[]])[] = [
  [transitions.onAccepted, 'IDLE', ['CLOSED']],
  [transitions.onRequestBytes, 'HEAD', ['IDLE', 'EXCHANGE', 'DISCARD']],
  [transitions.onHeadComplete, 'EXCHANGE', ['HEAD']],
  [transitions.onRefused, 'REFUSAL', ['HEAD', 'EXCHANGE']],
  [transitions.onSwitched, 'TUNNEL', ['EXCHANGE']],
  [transitions.onAnsweredEarly, 'DISCARD', ['EXCHANGE']],
  [transitions.onRequestOver, 'IDLE', ['EXCHANGE', 'DISCARD']],
  [transitions.onLastAnswered, 'LINGER', ['EXCHANGE', 'REFUSAL']],
  [
    transitions.onClosing,
    'CLOSING',
    ['IDLE', 'HEAD', 'EXCHANGE', 'DISCARD', 'TUNNEL', 'REFUSAL', 'LINGER'],
  ],
  [transitions.onGone, 'CLOSED', ['CLOSING']],
];

for (const [event, next, from] of EVENTS) {
  test(`${event.name}() leads to ${next} from ${from} and from nowhere else`, () => {
    for (const name of Object.keys(ConnectionState) as StateName[]) {
      const state = ConnectionState[name];
      if (from.includes(name)) assert.equal(event(state), ConnectionState[next]);
      else assert.throws(() => event(state), { name: 'AssertionError' });
    }
  });
}
