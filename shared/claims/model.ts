/** The conflict engine's terms: resources, claims, clashes (spec chapter 05). */
import * as z from 'zod';
import { ShownWindow, type Window } from '../platform/fields.ts';
import type { Refusal } from '../platform/refusal.ts';

/** `kind:id`, e.g. `venue:0193…`. */
export type Resource = `${string}:${string}`;

export interface Owner {
  /** `event`, `block`, `reservation`, `maintenance`, … */
  readonly type: string;
  readonly id: string;
}

export interface Group {
  readonly id: string;
  readonly capacity: number;
}

export interface Claim {
  readonly id: string;
  readonly resource: Resource;
  readonly quantity: number;
  /** 1 to 366 half-open windows, sorted, as widened by set-up, tear-down and turnaround. */
  readonly windows: readonly Window[];
  /** From the first to the last instant of use, before widening. */
  readonly use: Window;
  readonly owner: Owner;
  readonly mode: 'held' | 'firm';
  /** Held claims only, and needed there: from then on it does not count. */
  readonly expiresAt?: string;
  readonly reason?: string;
  readonly overridden?: { readonly by: string; readonly reason: string };
  readonly group?: Group;
  /** Seats taken in the group. */
  readonly seats?: number;
  /** How large the use is, e.g. an event's guests; at most the resource's largest. Counts for nothing once it is firm. */
  readonly size?: number;
  readonly state: 'active' | 'released';
  /** Released because its hold ran out; `firm`, `extend` and a repeated `claim` may take it anew. */
  readonly lapsed?: true;
  /** As it was claimed: its owner's other claims do not count against it. */
  readonly besideOwn?: true;
  /**
   * What was lent is taken from that moment until it is back: before its first window from now on; once the last one is
   * over it goes on, with no end, until it is released. Not within a group.
   */
  readonly lasting?: true;
}

/** One clash of a refused claim. */
export interface Clash {
  readonly resource: Resource;
  /** Where the two overlap. */
  readonly window: Window;
  /**
   * Whose claim stands in the way; `{ type: 'capacity', id: <resource> }` when more is asked than there ever is,
   * `{ type: 'group', id }` when the group's seats do not suffice, `{ type: 'size', id: <resource> }` when the use is too
   * large for the resource, by `short`.
   */
  readonly owner: Owner & { readonly title?: string };
  /** Units short at the worst instant of the overlap, at least 1. */
  readonly short: number;
}

/** As the API shows one. */
export const ClashView = z
  .object({
    resource: z.string(),
    window: ShownWindow,
    owner: z.object({ type: z.string(), id: z.string(), title: z.string().optional() }),
    short: z.int().min(1),
  })
  .meta({ id: 'Clash', description: 'One clash; the title only for those who may read the owner' });

/** The clashes that a refusal of the conflict engine lists. */
export function clashesIn({ extra }: Pick<Refusal, 'extra'>): readonly Clash[] {
  return (extra.conflicts ?? []) as readonly Clash[];
}

export interface ClaimRequest
  extends Pick<
    Claim,
    | 'resource'
    | 'quantity'
    | 'windows'
    | 'use'
    | 'owner'
    | 'mode'
    | 'expiresAt'
    | 'reason'
    | 'group'
    | 'seats'
    | 'size'
    | 'lasting'
  > {
  /**
   * Fresh; a repeated claim with the same id and content answers with the claim that is there, one with other content
   * is `already_exists`. When the earlier one was released or its hold ran out, the id is claimed anew.
   */
  readonly id: string;
  /** Takes it although it clashes. */
  readonly override?: { readonly by: string; readonly reason: string };
  /** Capacity of a resource that the engine has not met yet (its head is made with it). */
  readonly capacity: number;
  /**
   * Claims of the same owner do not count against this one. A move across a crash: the new window is held beside the
   * old one, under an id of its own, until the owner's commit decides which of the two stays (ADR 0004).
   */
  readonly besideOwn?: boolean;
}

/** A claim spans at most this many windows, */
export const MOST_WINDOWS = 366;
/** and this many days from first to last (3 years). */
export const MOST_DAYS = 1096;

/** A cut of the largest size that is being decided on: binding until then, whatever comes of it. */
export interface Cut {
  readonly id: string;
  readonly largest: number;
  readonly until: string;
}

/** What bounds the size of a use. */
export interface Limits {
  /** Left out: not bounded. */
  readonly largest?: number | undefined;
  readonly cuts: readonly Cut[];
}

export interface Claimed {
  readonly claim: Claim;
  /** What an override went over; empty otherwise. */
  readonly over: readonly Clash[];
}

export interface Shortage {
  readonly claimId: string;
  readonly owner: Owner;
  readonly window: Window;
  readonly short: number;
}

/** What takes a resource's units when. */
export interface Busy {
  readonly window: Window;
  readonly claimId: string;
  readonly owner: Owner;
  readonly quantity: number;
  readonly mode: 'held' | 'firm';
  readonly use: Window;
  readonly reason?: string;
}

/** The engine as a slice sees it, in the scope's organization: `claimsOf(scope)` in `engine.ts`. */
export interface Claims {
  /** Throws `Refusal('conflict')` with `conflicts: Clash[]` when it does not fit. */
  claim(request: ClaimRequest): Promise<Claimed>;
  /**
   * New windows, use or quantity, decided as one step and not counting itself. On refusal the old claim stands.
   * Throws `conflict`, or `not_found` for a claim that is not there, was released, or is a hold that expired. One that
   * takes nothing it did not have (fewer units, less time) is never refused.
   */
  move(
    resource: Resource,
    claimId: string,
    to: Pick<ClaimRequest, 'windows' | 'use' | 'quantity' | 'override'>,
  ): Promise<Claimed>;
  /**
   * Makes a hold firm; a firm one stays. A hold that expired, or will within 30 seconds (clocks differ), is taken anew
   * if it still fits, else `conflict`; `not_found` when it was released.
   */
  firm(resource: Resource, claimId: string): Promise<Claim>;
  /** Lets a hold last until then, never shorter; otherwise like `firm`. A firm claim stays firm. */
  extend(resource: Resource, claimId: string, expiresAt: string): Promise<Claim>;
  /** Makes it `lasting` from now on, whatever that meets; nothing for a claim that does not stand. */
  keepOn(resource: Resource, claimId: string): Promise<void>;
  /** Frees it at once; no error when it is free already or never was. */
  release(resource: Resource, claimId: string): Promise<void>;
  get(resource: Resource, claimId: string): Promise<Claim | undefined>;
  /** What `claim` would clash with, without taking anything; `ignore` is a claim not to count. */
  check(
    request: Pick<ClaimRequest, 'resource' | 'quantity' | 'windows' | 'capacity' | 'group' | 'seats'>,
    ignore?: string,
  ): Promise<readonly Clash[]>;
  /** Active claims that overlap the range (of at most 1,096 days), window by window, by start. */
  busy(resource: Resource, range: Window): Promise<readonly Busy[]>;
  /** Active claims whose windows are not over yet, however far ahead. */
  upcoming(resource: Resource): Promise<readonly Claim[]>;
  /** Units free at the worst instant of the window. `capacity` counts only for a resource not met yet. */
  free(resource: Resource, window: Window, capacity: number): Promise<number>;
  /** Units free of each of some resources at the worst instant of the window, as `freeAmong` finds them. */
  unitsFree(
    resources: readonly { readonly resource: Resource; readonly capacity: number }[],
    window: Window,
  ): Promise<ReadonlyMap<Resource, number>>;
  /**
   * Of some resources, those with at least `quantity` free for the whole window: one query, however many they are. The
   * capacities given are the ones that count.
   */
  freeAmong(
    resources: readonly { readonly resource: Resource; readonly capacity: number }[],
    window: Window,
    quantity: number,
  ): Promise<readonly Resource[]>;
  /** The next windows of a length that are free, from an instant on; at most `count`, looking `withinDays` ahead. */
  nextFree(
    resource: Resource,
    wanted: {
      readonly from: string;
      readonly minutes: number;
      readonly quantity: number;
      readonly capacity: number;
      readonly count: number;
      readonly withinDays: number;
      readonly ignore?: string;
    },
  ): Promise<readonly Window[]>;
  /**
   * Allowed below present use; answers with each claim that from now on is short of the new capacity, and where. By their
   * windows: what is late is expected back, and makes nobody short. No more do claims of owners of the type `aside`.
   */
  setCapacity(resource: Resource, capacity: number, aside?: Owner['type']): Promise<readonly Shortage[]>;
  /**
   * From now on refuses what is larger, until the cut is over (`setLargest`) or runs out; answers with the holds that are
   * larger, whose owners may commit any moment. `capacity` is that of a resource not met yet.
   */
  cut(resource: Resource, cut: Cut & { readonly capacity: number }): Promise<readonly Claim[]>;
  /**
   * Sets the largest size, and ends a cut. `ask` is called once the head has been read, so that an older answer never
   * replaces a newer one. A resource not met yet has no bound.
   */
  setLargest(resource: Resource, ask: () => Promise<number | undefined>, cutId?: string): Promise<void>;
}
