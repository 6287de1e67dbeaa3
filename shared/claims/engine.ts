/** The conflict engine (spec chapter 05): who has which resource when, decided under the resource's head. */
import { DAY, later, SECOND } from '../platform/clock.ts';
import type { Window } from '../platform/fields.ts';
import { notFound, Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { checked, HEAD_ID } from './checked.ts';
import { nextFreeOf } from './free.ts';
import type { Outcome, Round } from './heads.ts';
import { underHead } from './heads.ts';
import type { Claim, Claimed, ClaimRequest, Claims, Cut, Limits, Resource } from './model.ts';
import {
  asFirm,
  asLasting,
  asReleased,
  busyOf,
  clashesOf,
  decideAnew,
  decideClaim,
  decideMove,
  freeOf,
  guardSize,
  isRepeated,
  overOf,
  shortagesOf,
  standing,
  stands,
} from './rules.ts';
import type { ClaimWrite, Known } from './stored.ts';
import { claimDocument, claimsAcross, claimsAfter, claimsNear, headOf, readClaim } from './stored.ts';

/**
 * How far the clocks of two processes may differ. A hold with less than this left is made firm or longer only after
 * looking whether another process, by its clock, has given its time away.
 */
const CLOCK_SKEW = 30 * SECOND;

/** The engine in the scope's organization. Refusals are those `Claims` names, and `invalid` for what cannot be decided. */
export function claimsOf(scope: Scope): Claims {
  const { orgId } = scope;

  function replaced({ etag }: Known, claim: Claim): ClaimWrite {
    return { op: 'replace', document: claimDocument(orgId, claim), ifMatch: etag };
  }
  function capacityOf({ capacity }: Round): number {
    if (capacity === undefined) throw new Error('A resource with claims has a head');
    return capacity;
  }
  /** What there is to take, and who may have some of it: two looks side by side. `capacity`: of a resource not met yet. */
  async function lookAt(resource: Resource, windows: readonly Window[], capacity: number) {
    const documents = scope.documents('claims', resource);
    const [head, near] = await Promise.all([documents.read(HEAD_ID), claimsNear(documents, resource, windows)]);
    return { claims: claimsIn(near), capacity: head ? headOf(head).capacity : capacity };
  }

  async function claim(given: ClaimRequest): Promise<Claimed> {
    const request = checked(given, scope.now());
    return underHead(scope, request.resource, async (round) => {
      const near = await round.near(request.windows);
      const claims = claimsIn(near);
      // Only a lost round can mean that the id is in use elsewhere.
      const own =
        near.find((known) => known.claim.id === request.id) ??
        (round.number > 1 ? await readClaim(round.documents, request.id) : undefined);
      const capacity = round.capacity ?? request.capacity;
      if (own && stands(own.claim, round.now)) {
        if (!isRepeated(own.claim, request)) throw alreadyExists();
        return { result: { claim: own.claim, over: overOf(own.claim, claims, capacity, round.now) } };
      }
      guardSize(request, round.limits, round.now);
      const result = decideClaim(request, claims, capacity, round.now);
      const write: ClaimWrite = own
        ? replaced(own, result.claim)
        : { op: 'create', document: claimDocument(orgId, result.claim) };
      return { result, change: { capacity, writes: [write] } };
    });
  }

  /** A hold kept on: made firm or longer, and taken anew where it may have run out. */
  function kept(resource: Resource, claimId: string, keep: (claim: Claim) => Claim): Promise<Claim> {
    const decide = async (round: Round): Promise<Outcome<Claim>> => {
      const { own } = round;
      if (!own || isGivenUp(own.claim)) throw notFound('claim');
      const result = keep(own.claim);
      if (result === own.claim && stands(own.claim, round.now)) return { result };
      const capacity = capacityOf(round);
      if (stands(own.claim, later(round.now, CLOCK_SKEW))) {
        return { result, change: { capacity, writes: [replaced(own, result)] } };
      }
      const anew = decideAnew(result, claimsIn(await round.near(own.claim.windows)), capacity, round.now);
      return { result: anew, change: { capacity, writes: [replaced(own, anew)] } };
    };
    return underHead(scope, resource, decide, claimId);
  }

  const unitsFree: Claims['unitsFree'] = async (resources, window) => {
    const [first] = resources;
    if (!first) return new Map();
    checked({ resource: first.resource, windows: [window] }, scope.now());
    const claims = await claimsAcross(
      scope.documents('claims'),
      resources.map(({ resource }) => resource),
      window,
    );
    return new Map(
      resources.map(({ resource, capacity }) => [
        resource,
        freeOf(claims.get(resource) ?? [], window, capacity, scope.now()),
      ]),
    );
  };

  return {
    claim,
    async move(resource, claimId, given) {
      const to = checked({ ...given, resource }, scope.now());
      const decide = async (round: Round): Promise<Outcome<Claimed>> => {
        const { own } = round;
        if (!own || !stands(own.claim, round.now)) throw notFound('claim');
        const capacity = capacityOf(round);
        const others = claimsIn(await round.near(to.windows));
        const result = decideMove(own.claim, to, others, capacity, round.now);
        return { result, change: { capacity, writes: [replaced(own, result.claim)] } };
      };
      return underHead(scope, resource, decide, claimId);
    },
    firm: (resource, claimId) => kept(resource, claimId, (claim) => (claim.mode === 'firm' ? claim : asFirm(claim))),
    async extend(resource, claimId, expiresAt) {
      checked({ resource, mode: 'held', expiresAt }, scope.now());
      return kept(resource, claimId, (claim) =>
        claim.mode === 'firm' || (claim.expiresAt ?? '') >= expiresAt ? claim : { ...claim, expiresAt },
      );
    },
    async keepOn(resource, claimId) {
      const decide = async (round: Round): Promise<Outcome<void>> => {
        const { own } = round;
        if (!own || own.claim.lasting || !stands(own.claim, round.now)) return { result: undefined };
        const write = replaced(own, asLasting(own.claim));
        return { result: undefined, change: { capacity: capacityOf(round), writes: [write] } };
      };
      return underHead(scope, resource, decide, claimId);
    },
    async release(resource, claimId) {
      const decide = async (round: Round): Promise<Outcome<void>> => {
        const { own } = round;
        if (!own || isGivenUp(own.claim)) return { result: undefined };
        const write = replaced(own, asReleased(own.claim, false));
        return { result: undefined, change: { capacity: capacityOf(round), writes: [write] } };
      };
      return underHead(scope, resource, decide, claimId);
    },
    async get(resource, claimId) {
      return (await readClaim(scope.documents('claims', resource), claimId))?.claim;
    },
    async check(given, ignore) {
      const request = checked(given, scope.now());
      const { claims, capacity } = await lookAt(request.resource, request.windows, request.capacity);
      return clashesOf(request, standing(claimsBeside(claims, ignore), scope.now()), capacity);
    },
    async busy(resource, range) {
      const { windows } = checked({ resource, windows: [range] }, scope.now());
      const near = await claimsNear(scope.documents('claims', resource), resource, windows);
      return busyOf(claimsIn(near), range, scope.now());
    },
    async upcoming(resource) {
      const now = scope.now();
      const claims = claimsIn(await claimsAfter(scope.documents('claims', resource), now));
      return claims.filter((claim) => stands(claim, now));
    },
    async free(resource, window, unmet) {
      const { windows } = checked({ resource, windows: [window] }, scope.now());
      const { claims, capacity } = await lookAt(resource, windows, unmet);
      return freeOf(claims, window, capacity, scope.now());
    },
    unitsFree,
    async freeAmong(resources, window, quantity) {
      const free = await unitsFree(resources, window);
      return resources.flatMap(({ resource }) => ((free.get(resource) ?? 0) >= quantity ? [resource] : []));
    },
    async nextFree(resource, { withinDays, ignore, ...wanted }) {
      const range = { start: wanted.from, end: later(wanted.from, withinDays * DAY) };
      checked({ resource, windows: [range], quantity: wanted.quantity }, scope.now());
      const { claims, capacity } = await lookAt(resource, [range], wanted.capacity);
      return nextFreeOf(claimsBeside(claims, ignore), { ...wanted, capacity, until: range.end }, scope.now());
    },
    async setCapacity(resource, capacity, aside) {
      checked({ resource, capacity }, scope.now());
      return underHead(scope, resource, async (round) => {
        const claims = claimsIn(await claimsAfter(round.documents, round.now));
        const counting = claims.filter(({ owner }) => owner.type !== aside);
        const result = shortagesOf(counting, capacity, round.now);
        return capacity === round.capacity ? { result } : { result, change: { capacity, writes: [] } };
      });
    },
    async cut(resource, { capacity: first, ...cut }) {
      checked({ resource, capacity: first }, scope.now());
      return underHead(scope, resource, async ({ documents, capacity = first, limits, now }) => {
        const claims = claimsIn(await claimsAfter(documents, now));
        const result = claims.filter(
          (claim) => claim.mode === 'held' && stands(claim, now) && (claim.size ?? 0) > cut.largest,
        );
        const cuts = [...cutsBeside(limits, cut.id, now), cut];
        return { result, change: { capacity, limits: { ...limits, cuts }, writes: [] } };
      });
    },
    async setLargest(resource, ask, cutId) {
      return underHead(scope, resource, async ({ capacity, limits, now }) => {
        if (capacity === undefined) return { result: undefined };
        const largest = await ask();
        const cuts = cutsBeside(limits, cutId, now);
        const same = largest === limits.largest && cuts.length === limits.cuts.length;
        return { result: undefined, ...(same ? {} : { change: { capacity, limits: { largest, cuts }, writes: [] } }) };
      });
    },
  };
}

function claimsIn(known: readonly Known[]): Claim[] {
  return known.map(({ claim }) => claim);
}

function claimsBeside(claims: readonly Claim[], ignore: string | undefined): readonly Claim[] {
  return ignore === undefined ? claims : claims.filter(({ id }) => id !== ignore);
}

/** Released by whoever had it; a hold that ran out can still be taken anew. */
function isGivenUp({ state, lapsed }: Claim): boolean {
  return state === 'released' && !lapsed;
}

/** The cuts that still bind, but one. */
function cutsBeside({ cuts }: Limits, id: string | undefined, now: string): readonly Cut[] {
  return cuts.filter((cut) => cut.id !== id && cut.until > now);
}

function alreadyExists(): Refusal {
  return new Refusal('already_exists', 'Another claim has this id.', { field: 'id' });
}
