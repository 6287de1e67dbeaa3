/** The conflict engine's decisions: pure, from a head and the claims that overlap to a claim or its clashes. */
import type { Window } from '../platform/fields.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Use } from '../platform/windows.ts';
import {
  byStart,
  covers,
  joined,
  levelsOf,
  overlapOf,
  overlapping,
  peakOf,
  spanOf,
  stretchesAbove,
} from '../platform/windows.ts';
import type { Busy, Claim, Claimed, ClaimRequest, Clash, Limits, Shortage } from './model.ts';

/** What is asked of a resource. Windows are sorted and do not overlap each other. */
type Demand = Pick<ClaimRequest, 'resource' | 'quantity' | 'windows' | 'group' | 'seats'>;
type Move = Pick<ClaimRequest, 'quantity' | 'windows' | 'use' | 'override'>;

/** A reply lists at most so many clashes. */
const MOST_CLASHES = 1000;

/** Whether a claim takes anything at `now`. An expired hold does not, swept or not. */
export function stands(claim: Claim, now: string): boolean {
  return claim.state === 'active' && !(claim.mode === 'held' && (claim.expiresAt ?? '') <= now);
}

/** Later than anything that is asked for. */
const NO_END = '9000-01-01T00:00:00Z';

/**
 * The claims that take something at `now`, with the windows they take by now: lasting ones that are over go on, and those
 * that are ahead have begun.
 */
export function standing(claims: readonly Claim[], now: string): Claim[] {
  return claims
    .filter((claim) => stands(claim, now))
    .map((claim) => (claim.lasting ? { ...claim, windows: lastingAt(claim.windows, now) } : claim));
}

function lastingAt(windows: readonly Window[], now: string): readonly Window[] {
  const [first, last] = [windows[0], windows.at(-1)];
  if (first && first.start > now) return [{ start: now, end: first.end }, ...windows.slice(1)];
  if (last && last.end <= now) return [...windows.slice(0, -1), { start: last.start, end: NO_END }];
  return windows;
}

/** What takes units: a claim, or the claims of one group with identical windows, which take them once. */
interface Taking {
  readonly claim: Claim;
  readonly quantity: number;
}

function groupKey({ group, windows }: Pick<ClaimRequest, 'group' | 'windows'>): string | undefined {
  return group && [group.id, ...windows.map(({ start, end }) => `${start}/${end}`)].join(' ');
}

function takingsOf(claims: readonly Claim[]): Taking[] {
  const takings: Taking[] = [];
  const groups = new Map<string, number>();
  for (const claim of claims) {
    const key = groupKey(claim);
    const at = key === undefined ? undefined : groups.get(key);
    const known = at === undefined ? undefined : takings[at];
    if (at !== undefined && known) {
      if (claim.quantity > known.quantity) takings[at] = { ...known, quantity: claim.quantity };
      continue;
    }
    if (key !== undefined) groups.set(key, takings.length);
    takings.push({ claim, quantity: claim.quantity });
  }
  return takings;
}

/** The units that claims take, group by group. */
export function usesOf(claims: readonly Claim[]): Use[] {
  return takingsOf(claims).flatMap(({ claim, quantity }) => claim.windows.map((window) => ({ window, quantity })));
}

/**
 * What a demand would clash with among claims that stand; empty when it fits. At every instant of its windows, the
 * sum of what overlaps plus what it asks is at most the capacity. What no claim is to blame for is owned by
 * `capacity` (more is asked than there ever is) or `group` (its seats are taken).
 */
export function clashesOf(demand: Demand, claims: readonly Claim[], capacity: number): Clash[] {
  const { resource, windows, quantity, group } = demand;
  const key = groupKey(demand);
  const mates = key === undefined ? [] : claims.filter((claim) => groupKey(claim) === key);
  const clashes: Clash[] = [];
  if (group) {
    const seats = mates.reduce((sum, mate) => sum + (mate.seats ?? 1), demand.seats ?? 1);
    const short = seats - group.capacity;
    if (short > 0) clashes.push({ resource, window: spanOf(windows), owner: { type: 'group', id: group.id }, short });
  }
  // It joins what its group has taken already.
  if (mates.some((mate) => mate.quantity >= quantity)) return clashes;

  const takings = takingsOf(claims.filter((claim) => !mates.includes(claim)));
  const levels = levelsOf(
    takings.flatMap(({ claim, ...rest }) => claim.windows.map((window) => ({ window, ...rest }))),
  );
  if (windows.every((window) => peakOf(levels, window) + quantity <= capacity)) return clashes;
  if (quantity > capacity) {
    const owner = { type: 'capacity', id: resource };
    clashes.push({ resource, window: spanOf(windows), owner, short: quantity - capacity });
  }
  for (const { claim } of takings) {
    for (const theirs of claim.windows) {
      for (const ours of overlapping(windows, theirs)) {
        const window = overlapOf(ours, theirs);
        const short = window ? peakOf(levels, window) + quantity - capacity : 0;
        if (window && short > 0) clashes.push({ resource, window, owner: claim.owner, short });
      }
    }
  }
  return clashes.sort((a, b) => byStart(a.window, b.window)).slice(0, MOST_CLASHES);
}

/** `conflict`, with every clash. */
function conflict(conflicts: readonly Clash[]): Refusal {
  return new Refusal('conflict', 'It is taken at that time.', { conflicts });
}

/** Throws `conflict` unless it fits or is overridden; what it went over. */
function decided(
  demand: Demand,
  override: ClaimRequest['override'],
  others: readonly Claim[],
  capacity: number,
): Pick<Claim, 'overridden'> & { readonly over: readonly Clash[] } {
  const over = clashesOf(demand, others, capacity);
  if (over.length === 0) return { over };
  if (!override) throw conflict(over);
  return { over, overridden: { by: override.by, reason: override.reason } };
}

/** Throws `conflict` where the use is larger than the resource takes, now or after a cut being decided on. */
export function guardSize(
  { resource, windows, size = 0 }: Pick<ClaimRequest, 'resource' | 'windows' | 'size'>,
  { largest, cuts }: Limits,
  now: string,
): void {
  const bounds = cuts.flatMap((cut) => (cut.until > now ? [cut.largest] : []));
  const short = size - Math.min(...bounds, largest ?? size);
  if (short > 0) throw conflict([{ resource, window: spanOf(windows), owner: { type: 'size', id: resource }, short }]);
}

/** The claims that count against one: all that stand but itself and, where it is beside its owner's own, those. */
function others(
  claims: readonly Claim[],
  { id, owner, besideOwn }: Pick<ClaimRequest, 'id' | 'owner' | 'besideOwn'>,
  now: string,
): Claim[] {
  return standing(claims, now).filter((claim) => {
    if (claim.id === id) return false;
    return !(besideOwn && claim.owner.type === owner.type && claim.owner.id === owner.id);
  });
}

/** A new claim among those that overlap it. Throws `conflict`. */
export function decideClaim(request: ClaimRequest, claims: readonly Claim[], capacity: number, now: string): Claimed {
  const { over, overridden } = decided(request, request.override, others(claims, request, now), capacity);
  const { override: _, capacity: __, expiresAt, besideOwn, ...content } = request;
  const claim: Claim = {
    state: 'active',
    ...(request.mode === 'held' && expiresAt !== undefined ? { expiresAt } : {}),
    ...(besideOwn ? { besideOwn: true } : {}),
    ...(overridden ? { overridden } : {}),
    ...content,
  };
  return { claim, over };
}

/**
 * New windows, use or quantity for a claim that stands, not counting itself. Throws `conflict`. A move that takes
 * nothing it did not have gives back only, so it is never refused.
 */
export function decideMove(claim: Claim, to: Move, claims: readonly Claim[], capacity: number, now: string): Claimed {
  const { overridden: before, ...rest } = claim;
  const moved = { ...rest, windows: to.windows, use: to.use, quantity: to.quantity };
  const givesBack = !claim.group && to.quantity <= claim.quantity && covers(claim.windows, to.windows);
  if (givesBack && !to.override) return { claim: { ...moved, ...(before ? { overridden: before } : {}) }, over: [] };
  const { over, overridden } = decided(moved, to.override, others(claims, claim, now), capacity);
  return { claim: { ...moved, ...(overridden ? { overridden } : {}) }, over };
}

/** Takes a hold anew that does not stand any more, for as long as `mode` and `expiresAt` say. Throws `conflict`. */
export function decideAnew(claim: Claim, claims: readonly Claim[], capacity: number, now: string): Claim {
  const { overridden: before, ...rest } = claim;
  const { overridden } = decided(claim, before, others(claims, claim, now), capacity);
  const { lapsed: _, ...anew } = rest;
  return { ...anew, ...(overridden ? { overridden } : {}), state: 'active' };
}

/** The claim as firm. */
export function asFirm(claim: Claim): Claim {
  const { expiresAt: _, ...rest } = claim;
  return { ...rest, mode: 'firm' };
}

/** The claim as lasting. */
export function asLasting(claim: Claim): Claim {
  return { ...claim, lasting: true };
}

/** The claim as released; `lapsed` when its hold ran out, so that `firm` may take it anew. */
export function asReleased(claim: Claim, lapsed: boolean): Claim {
  const { lapsed: _, ...rest } = claim;
  return { ...rest, state: 'released', ...(lapsed ? { lapsed } : {}) };
}

/** Whether a repeated request asks for what the claim already is. A hold made firm since is still the same. */
export function isRepeated(claim: Claim, request: ClaimRequest): boolean {
  return JSON.stringify(contentOf(claim)) === JSON.stringify(contentOf(request));
}

/** What an overridden claim goes over; nothing for any other. */
export function overOf(claim: Claim, claims: readonly Claim[], capacity: number, now: string): Clash[] {
  return claim.overridden ? clashesOf(claim, others(claims, claim, now), capacity) : [];
}

function contentOf({ resource, quantity, windows, use, owner, group, seats, size, lasting }: Claim | ClaimRequest) {
  const flat = windows.flatMap(({ start, end }) => [start, end]);
  return [
    resource,
    quantity,
    flat,
    use.start,
    use.end,
    owner.type,
    owner.id,
    group?.id ?? null,
    seats ?? null,
    size ?? null,
    lasting ?? null,
  ];
}

/** Where, from now on, claims that stand use more than the capacity: one entry a claim and stretch, by start. */
export function shortagesOf(claims: readonly Claim[], capacity: number, now: string): Shortage[] {
  const all = claims.filter((claim) => stands(claim, now));
  const levels = levelsOf(usesOf(all));
  const short = stretchesAbove(levels, capacity).filter(({ end }) => end > now);
  const shortages = all.flatMap(({ id, owner, windows }) =>
    joined(windows).flatMap((mine) =>
      overlapping(short, mine).flatMap((stretch) => {
        const both = overlapOf(mine, stretch);
        const window = both && overlapOf(both, { start: now, end: both.end });
        return window ? [{ claimId: id, owner, window, short: peakOf(levels, window) - capacity }] : [];
      }),
    ),
  );
  return shortages.sort((a, b) => byStart(a.window, b.window));
}

/** What takes units in the range, one entry a claim and window, by start. */
export function busyOf(claims: readonly Claim[], range: Window, now: string): Busy[] {
  const busy = standing(claims, now).flatMap(({ id, owner, quantity, mode, use, reason, windows }) =>
    overlapping(windows, range).map((window) => ({
      window,
      claimId: id,
      owner,
      quantity,
      mode,
      use,
      ...(reason === undefined ? {} : { reason }),
    })),
  );
  return busy.sort((a, b) => byStart(a.window, b.window));
}

/** Units free at the worst instant of the window, at least 0. */
export function freeOf(claims: readonly Claim[], window: Window, capacity: number, now: string): number {
  const levels = levelsOf(usesOf(standing(claims, now)));
  return Math.max(0, capacity - peakOf(levels, window));
}
