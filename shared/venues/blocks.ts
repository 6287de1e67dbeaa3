/** Closing a venue for works or private use: a claim is the record, and the facts on the venue say who and why. */
import * as z from 'zod';
import { claimsOf } from '../claims/engine.ts';
import { clashesIn, MOST_DAYS } from '../claims/model.ts';
import { DAY, instantIn, later, MINUTE } from '../platform/clock.ts';
import { Instant, metaShape, ShownWindow, Window } from '../platform/fields.ts';
import { type ListInput, type Listing, own } from '../platform/listing.ts';
import { invalid, isRefusal, notFound, Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import type { Document, Stored, Write } from '../platform/store.ts';
import { breaks } from './breaks.ts';
import { settleCapacity } from './commands.ts';
import { Reason } from './fields.ts';
import { BLOCK, venueResource, venues } from './model.ts';
import { EVENT, named, titlesBetween } from './upcoming.ts';

/** How long a crash between claim and fact keeps the venue taken for nobody. */
const HOLD = 15 * MINUTE;

export const NewBlock = z.strictObject({ window: Window, reason: Reason }).meta({ id: 'NewBlock' });

export const BlockView = z
  .object({
    id: z.string().meta({ description: 'Of the claim' }),
    venueId: z.string(),
    window: ShownWindow,
    reason: z.string(),
    ...metaShape,
  })
  .meta({ id: 'VenueBlock' });
export type BlockView = z.output<typeof BlockView>;

export const blockListing: Listing = {
  filters: {
    from: own(Instant.optional().meta({ description: 'Inclusive; left out: now' })),
    to: own(Instant.optional().meta({ description: `Exclusive; left out: ${MOST_DAYS} days after from, the most` })),
  },
  sorts: { start: 'start' },
  defaultSort: 'start',
  search: false,
};

/**
 * Closes the venue for a window. Throws `conflict` when anything is booked there then. The claim is held first, named
 * by the fact, then made firm (by the reaction too), so a crash leaves no more than a hold that runs out.
 */
export async function blockVenue(
  scope: Scope,
  venueId: string,
  { window, reason }: z.output<typeof NewBlock>,
): Promise<ShownBlock> {
  const { state } = await scope.of(venues).get(venueId);
  if (state.status === 'inactive') throw breaks('venue-active', 'An inactive venue takes no bookings anyway.');
  if (window.end <= scope.now()) throw breaks('block-in-the-past', 'A block must end in the future.');
  if (Date.parse(window.end) - Date.parse(window.start) > MOST_DAYS * DAY) {
    throw invalid('body.window', 'too_long', `must be at most ${MOST_DAYS} days long`);
  }
  const id = scope.newId();
  const resource = venueResource(venueId);
  const claims = claimsOf(scope);
  const request = {
    id,
    resource,
    quantity: state.bookable,
    windows: [window],
    use: window,
    owner: { type: BLOCK, id },
    mode: 'held',
    expiresAt: later(scope.now(), HOLD),
    reason,
    capacity: state.bookable,
  } as const;
  const { claim } = await claims.claim(request).catch((error: unknown) => withTitles(scope, venueId, error));
  if (claim.mode === 'held') {
    try {
      await scope.of(venues).execute(venueId, () => [{ type: 'VenueBlocked', data: { claimId: id, window, reason } }], {
        also: async () => ((await record(scope, id)) ? [] : [recordWrite(scope, id)]),
      });
    } catch (error) {
      if (error instanceof Refusal) await claims.release(resource, id);
      throw error;
    }
    await claims.firm(resource, id);
  }
  return readBlock(scope, venueId, id);
}

/** A block as it is shown; its ETag is the venue's, which changes whenever one of its blocks comes or goes. */
interface ShownBlock {
  readonly body: BlockView;
  readonly etag: string;
}

/** Throws `not_found` for a claim that is no block of the venue, or was released. */
export async function readBlock(scope: Scope, venueId: string, claimId: string): Promise<ShownBlock> {
  const { etag } = await scope.of(venues).get(venueId);
  const claim = await claimsOf(scope).get(venueResource(venueId), claimId);
  if (claim?.owner.type !== BLOCK || claim.state !== 'active') throw notFound('block');
  const { use: window, reason = '' } = claim;
  const meta = madeBy(claimId, (await record(scope, claimId))?.document);
  return { body: { id: claimId, venueId, window, reason, ...meta }, etag };
}

/** Who closed the venue and when, beside the claim: it comes and goes in the batch of the fact. */
const RECORD = 'venueBlock';
const Made = z.object({ at: z.string(), by: z.string() });

function recordWrite(scope: Scope, id: string): Write {
  const made = { at: scope.now(), by: scope.actor.userId };
  return { op: 'create', document: { id, kind: RECORD, body: made } };
}

async function record(scope: Scope, id: string): Promise<Stored | undefined> {
  const stored = await scope.documents('venues').read(id);
  return stored?.document.kind === RECORD ? stored : undefined;
}

/** The write that goes with `VenueUnblocked`. */
async function forgotten(scope: Scope, id: string): Promise<Write[]> {
  return (await record(scope, id)) ? [{ op: 'delete', id }] : [];
}

/** What a block shows of its making; of one that is only held yet, the instant its id was made. */
function madeBy(id: string, document: Document | undefined) {
  const { at, by } = document ? Made.parse(document.body) : { at: instantIn(id), by: 'system' };
  return { createdAt: at, createdBy: by, modifiedAt: at, modifiedBy: by };
}

/** Adds the titles of events that the actor may read to a refused claim's clashes. */
async function withTitles(scope: Scope, venueId: string, error: unknown): Promise<never> {
  if (!isRefusal(error, 'conflict')) throw error;
  const clashes = clashesIn(error);
  const claims = claimsOf(scope);
  const starts = clashes.filter(({ owner }) => owner.type === EVENT).map(({ window }) => window);
  const [first] = starts;
  if (!first) throw error;
  const busy = await claims.busy(venueResource(venueId), {
    start: first.start,
    end: starts.map(({ end }) => end).reduce((last, end) => (end > last ? end : last)),
  });
  const uses = busy.filter(({ owner }) => owner.type === EVENT).map(({ use }) => use.start);
  const titles = await titlesBetween(scope, venueId, uses);
  const conflicts = clashes.map((clash) => ({ ...clash, owner: named(clash.owner, titles) }));
  throw new Refusal('conflict', 'The venue is taken at that time.', { conflicts });
}

/** Opens it again. Throws `not_found` for a claim that is no block of the venue, or was released. */
export async function unblockVenue(scope: Scope, venueId: string, claimId: string): Promise<void> {
  const resource = venueResource(venueId);
  const claims = claimsOf(scope);
  // One after another, fact and release together: of two at once the second finds nothing to open.
  await scope.platform.queue.run(`venue-unblock/${scope.orgId}/${claimId}`, async () => {
    await scope.of(venues).execute(
      venueId,
      async () => {
        const claim = await claims.get(resource, claimId);
        if (claim?.owner.type !== BLOCK || claim.state !== 'active') throw notFound('block');
        return [{ type: 'VenueUnblocked', data: { claimId } }];
      },
      { also: () => forgotten(scope, claimId) },
    );
    await claims.release(resource, claimId);
  });
}

type BareBlock = Pick<BlockView, 'id' | 'venueId' | 'window' | 'reason'>;

/** A page of blocks with who made them and when: one point read each. */
export function withMaking(scope: Scope, blocks: readonly BareBlock[]): Promise<BlockView[]> {
  return Promise.all(
    blocks.map(async (block) => ({ ...block, ...madeBy(block.id, (await record(scope, block.id))?.document) })),
  );
}

/** Blocks in a range, by start. */
export async function blocksOf(scope: Scope, venueId: string, asked: ListInput): Promise<BareBlock[]> {
  // What `own` filters parsed.
  const { from = scope.now(), to = later(from, MOST_DAYS * DAY) } = asked as { from?: string; to?: string };
  await scope.of(venues).get(venueId);
  if (from >= to) throw invalid('query.to', 'order', 'must be after from');
  if (Date.parse(to) - Date.parse(from) > MOST_DAYS * DAY) {
    throw invalid('query.to', 'too_far', `must be at most ${MOST_DAYS} days after from`);
  }
  const busy = await claimsOf(scope).busy(venueResource(venueId), { start: from, end: to });
  return busy
    .filter(({ owner }) => owner.type === BLOCK)
    .map(({ claimId, window, reason = '' }) => ({ id: claimId, venueId, window, reason }));
}

/** What the facts say becomes so, whatever crashed in between: for the reaction. Harmless when done again. */
export async function settleBlock(scope: Scope, venueId: string, claimId: string, blocked: boolean): Promise<void> {
  const claims = claimsOf(scope);
  const resource = venueResource(venueId);
  if (!blocked) {
    await claims.release(resource, claimId);
    return;
  }
  try {
    await claims.firm(resource, claimId);
    // It may have been made while the venue was changed to take more.
    await settleCapacity(scope, venueId);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // Opened again meanwhile: nothing to do.
    if (error.code === 'not_found') return;
    if (error.code !== 'conflict') throw error;
    // The hold ran out before this, and someone took the time.
    await scope
      .of(venues)
      .execute(
        venueId,
        () => [{ type: 'VenueUnblocked', data: { claimId, reason: 'It was booked before the block was final' } }],
        { also: () => forgotten(scope, claimId) },
      );
  }
}
