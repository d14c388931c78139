// Writes bytes to a peer in pieces, some of them later, and then does what follows.

import type { Random } from '../support/random.ts';
import type { SimulatedNetwork, SimulatedPeer } from '../support/simulated_network.ts';

export interface PieceOptions {
  readonly pieces: number;
  readonly delayMs: number;
}

/** `onWritten` is called when all is written; never where the connection broke before. */
export function writePiecewise(
  network: SimulatedNetwork,
  random: Random,
  peer: SimulatedPeer,
  bytes: Buffer,
  options: PieceOptions,
  onWritten: () => void,
): void {
  const cuts = [bytes.length];
  for (let i = 1; i < options.pieces; i++) cuts.push(random.integer(0, bytes.length));
  cuts.sort((a, b) => a - b);
  let from = 0;
  const next = (): void => {
    if (peer.isReset || peer.hasReset || peer.hasEnded || peer.hasClosed) return;
    const to = cuts.shift();
    if (to === undefined) {
      onWritten();
      return;
    }
    if (to > from) peer.write(bytes.subarray(from, to), { splitAt: evenCuts(to - from) });
    from = to;
    if (options.delayMs > 0) network.after(options.delayMs, next);
    else next();
  };
  next();
}

/** No network delivers more than 64 KiB at once. */
function evenCuts(byteCount: number): number[] {
  const cuts: number[] = [];
  for (let at = 65_536; at < byteCount; at += 65_536) cuts.push(at);
  return cuts;
}
