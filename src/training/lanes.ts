/** Lanes: pieces of a series side by side, each with a state that runs on from segment to segment. */
import { boundsOf, type Part, type Series } from './series.ts';

/** Ticks through which gradients are carried back where states are carried on. */
export const SEGMENT = 32;
/** Segments of a lane at least, where there is a choice. */
const SEGMENTS = 8;

/** Ticks from `from` to before `to`, in one piece. */
export interface Piece {
  from: number;
  to: number;
}

/** The pieces of a part at which something is to be said, of every key; what is shorter than a segment is left out. */
export function piecesOf(
  { series, targets }: { series: readonly Series[]; targets: Float64Array },
  part: Part,
  horizon: number,
): Piece[] {
  const pieces: Piece[] = [];
  for (const one of series) {
    const [first, end] = boundsOf(one, part);
    for (let t = first; t < end - horizon; t++) {
      const from = t;
      while (t < end - horizon && Number.isFinite(targets[t])) t++;
      if (t - from >= SEGMENT) pieces.push({ from, to: t });
    }
  }
  return pieces;
}

/** Few lanes of a short series: each step learns from one segment of all of them. */
export function lanesIn(pieces: readonly Piece[], most: number): number {
  const ticks = pieces.reduce((sum, { from, to }) => sum + to - from, 0);
  return Math.max(1, Math.min(most, Math.floor(ticks / (SEGMENT * SEGMENTS))));
}

/** Lanes of one length that run side by side: where each begins. */
export interface Group {
  first: readonly number[];
  /** Segments. */
  length: number;
}

/**
 * Lays pieces out in lanes of K ticks a segment, at most B side by side. Every lane lies within one piece; lanes of one group
 * are equally long, each piece having as many as its length allows, and what is left over at a piece's end is not used. Pieces
 * much shorter than the others come in a group of their own.
 * @returns groups that run one after another; none where no piece has a segment
 */
export function layOut(pieces: readonly Piece[], K: number, B: number): Group[] {
  const rest = pieces
    .map(({ from, to }) => ({ from, segments: Math.floor((to - from) / K) }))
    .filter(({ segments }) => segments > 0);
  if (rest.length === 0) return [];
  const length = lengthOf(
    rest.map(({ segments }) => segments),
    B,
  );
  const lanes = rest.flatMap(({ from, segments }) =>
    Array.from({ length: Math.floor(segments / length) }, (_, i) => from + i * length * K),
  );
  // a piece alone has as many lanes as were asked for
  const used = rest.length === 1 ? lanes.slice(0, B) : lanes;
  const groups = Math.ceil(used.length / B);
  const size = Math.ceil(used.length / groups);
  const own = Array.from({ length: groups }, (_, g) => ({ first: used.slice(g * size, (g + 1) * size), length }));
  const shorter = rest.filter(({ segments }) => segments < length);
  return [
    ...own,
    ...layOut(
      shorter.map(({ from, segments }) => ({ from, to: from + segments * K })),
      K,
      B,
    ),
  ];
}

/** Segments of a lane: as many as leave B lanes, or down to half of that where less of the pieces that fit is left over. */
function lengthOf(segments: readonly number[], B: number): number {
  const lanes = (length: number): number => segments.reduce((sum, s) => sum + Math.floor(s / length), 0);
  const wanted = Math.min(B, lanes(1));
  let longest = Math.max(...segments);
  while (lanes(longest) < wanted) longest--;
  if (segments.length === 1) return longest;
  const used = (length: number): number => {
    const fit = segments.reduce((sum, s) => sum + (s >= length ? s : 0), 0);
    return (length * lanes(length)) / fit;
  };
  let best = longest;
  for (let length = longest - 1; 2 * length >= longest; length--) if (used(length) > used(best)) best = length;
  return best;
}
