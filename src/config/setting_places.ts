// Where the timeouts and limits of a configuration were written, for `zproxy explain`: which of the
// places counts is found by asking for the narrowest first.

import type { ConfigOrigin } from './config_origin.ts';
import { formatKeyPath, type KeyPath } from './key_path.ts';
import { isObject } from './schema_shapes.ts';
import type { Source } from './snapshot.ts';
import { sourceOf } from './source_of.ts';

/** By key path in the whole configuration: `upstreams.api.timeouts.connect`. */
export type SettingPlaces = Readonly<Record<string, Source>>;

/** All that are written in accepted `data`. */
export function settingPlaces(data: unknown, origin: ConfigOrigin): SettingPlaces {
  const places: Record<string, Source> = {};
  const add = (holder: unknown, path: KeyPath): void => {
    for (const section of ['timeouts', 'limits']) {
      for (const key of Object.keys(objectAt(holder, section))) {
        const at = [...path, section, key];
        places[formatKeyPath(at)] = sourceOf(origin, at);
      }
    }
  };
  add(data, []);
  for (const section of ['listeners', 'routes']) {
    listAt(data, section).forEach((item, index) => {
      add(item, [section, index]);
    });
  }
  const upstreams = objectAt(data, 'upstreams');
  for (const [name, upstream] of Object.entries(upstreams)) add(upstream, ['upstreams', name]);
  return places;
}

function objectAt(holder: unknown, key: string): Readonly<Record<string, unknown>> {
  const value = isObject(holder) ? holder[key] : undefined;
  return isObject(value) ? value : {};
}

function listAt(holder: unknown, key: string): readonly unknown[] {
  const value = isObject(holder) ? holder[key] : undefined;
  return Array.isArray(value) ? value : [];
}
