// The timeouts and limits that apply to a request, each with the place that set it: those of the
// listener, of the route, and of every upstream that it may go to. The narrowest place counts.

import type { EffectiveNode } from '../../config/effective_node.ts';
import { formatKeyPath, type KeyPath } from '../../config/key_path.ts';
import type { SettingPlaces } from '../../config/setting_places.ts';
import type { ExplainedSetting } from './explanation.ts';

/** Who has settings of their own, by their place in the configuration. */
export interface SettingHolders {
  readonly listenerIndex: number;
  /** -1: the request has no route. */
  readonly routeIndex: number;
  /** Names. */
  readonly upstreams: readonly string[];
}

/** The holder in words, and where it stands. */
interface Holder {
  readonly of: string;
  readonly path: KeyPath;
}

export function explainSettings(
  effective: EffectiveNode,
  places: SettingPlaces,
  holders: SettingHolders,
): ExplainedSetting[] {
  const { listenerIndex, routeIndex, upstreams } = holders;
  const all: Holder[] = [{ of: 'listener', path: ['listeners', listenerIndex] }];
  if (routeIndex >= 0) all.push({ of: 'route', path: ['routes', routeIndex] });
  for (const name of upstreams) all.push({ of: `upstream ${name}`, path: ['upstreams', name] });
  return all.flatMap((holder) =>
    ['timeouts', 'limits'].flatMap((section) => settingsOf(holder, section, effective, places)),
  );
}

function settingsOf(
  { of, path }: Holder,
  section: string,
  effective: EffectiveNode,
  places: SettingPlaces,
): ExplainedSetting[] {
  const node = nodeAt(effective, [...path, section]);
  if (node?.kind !== 'map') return [];
  return node.entries.map(([key, value]) => {
    const narrow = places[formatKeyPath([...path, section, key])];
    const source = narrow ?? places[formatKeyPath([section, key])] ?? null;
    const text = value.kind === 'value' ? String(value.value) : '';
    return { of, key: `${section}.${key}`, value: text, source };
  });
}

function nodeAt(root: EffectiveNode, path: KeyPath): EffectiveNode | undefined {
  let node: EffectiveNode | undefined = root;
  for (const key of path) {
    if (node?.kind === 'list') node = node.items[Number(key)];
    else if (node?.kind === 'map') node = node.entries.find(([name]) => name === key)?.[1];
    else return undefined;
  }
  return node;
}
