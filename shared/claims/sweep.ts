/** Expired holds, taken out of the way. They count no more from the instant they expire; this keeps look-ups small. */

import { duePages } from '../platform/due.ts';
import { grouped } from '../platform/grouped.ts';
import type { Scope } from '../platform/scope.ts';
import { underHead } from './heads.ts';
import type { Resource } from './model.ts';
import { asReleased, stands } from './rules.ts';
import type { ClaimWrite } from './stored.ts';
import { CLAIM_KIND, claimDocument, knownOf, readClaim } from './stored.ts';

/** Fits in one batch with the head. */
const AT_ONCE = 90;
const MOST_PAGES = 100;

/**
 * Releases every hold, of any organization, that has expired; at most 9,000 a run, oldest first. They stay known as
 * lapsed, so that an owner who comes late may still take them anew. For a timer: harmless when run again. `inOrganization`
 * gives the scope to work in.
 */
export async function sweepExpiredHolds(scope: Scope, inOrganization: (orgId: string) => Scope): Promise<number> {
  let released = 0;
  let pages = 0;
  const expired = { container: 'claims', kind: CLAIM_KIND, at: 'expiresAt', limit: AT_ONCE } as const;
  for await (const { items } of duePages(scope, expired)) {
    const byResource = grouped(items.map(knownOf), ({ orgId, claim }) => `${orgId} ${claim.resource}`);
    for (const [{ orgId, claim }, ...more] of byResource.values()) {
      const ids = [claim.id, ...more.map((hold) => hold.claim.id)];
      released += await releaseLapsed(inOrganization(orgId), claim.resource, ids);
    }
    pages += 1;
    if (pages === MOST_PAGES) break;
  }
  return released;
}

/** Of some holds of one resource, releases those that are still there and still expired. */
function releaseLapsed(scope: Scope, resource: Resource, ids: readonly string[]): Promise<number> {
  return underHead(scope, resource, async ({ documents, capacity, now }) => {
    const known = await Promise.all(ids.map((id) => readClaim(documents, id)));
    const writes = known.flatMap((hold): ClaimWrite[] => {
      if (!hold || hold.claim.state === 'released' || stands(hold.claim, now)) return [];
      return [{ op: 'replace', document: claimDocument(hold.orgId, asReleased(hold.claim, true)), ifMatch: hold.etag }];
    });
    if (writes.length === 0 || capacity === undefined) return { result: 0 };
    return { result: writes.length, change: { capacity, writes } };
  });
}
