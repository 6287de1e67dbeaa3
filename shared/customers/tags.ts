/** How many customers have each tag: a counter document a tag, changed in the batch that changes the tags (REQ-CUS-016). */
import * as z from 'zod';
import type { Listing } from '../platform/listing.ts';
import type { Scope } from '../platform/scope.ts';
import type { Json, Stored, Write } from '../platform/store.ts';
import { CUSTOMER_COUNTER } from './model.ts';

const KIND = 'tag';

export const TagCount = z.object({ tag: z.string(), count: z.int().min(1) }).meta({ id: 'TagCount' });
export type TagCount = z.output<typeof TagCount>;

export const tagList: Listing = { filters: {}, sorts: { tag: 'tag' }, defaultSort: 'tag', search: false };

/** Letters of any script make safe document ids once they are percent-free base64url. */
function tagId(tag: string): string {
  return `tag:${Buffer.from(tag).toString('base64url')}`;
}

export function tagCountOf(stored: Stored): TagCount {
  return TagCount.parse(stored.document.body);
}

/**
 * The writes that bring the counters from the tags before to the tags after, `steps` customers at once for each tag.
 * One point read for each tag that comes or goes; none when the tags stay.
 */
export async function countTags(scope: Scope, steps: ReadonlyMap<string, number>): Promise<Write[]> {
  const documents = scope.documents('customers');
  const moving = [...steps].filter(([, by]) => by !== 0);
  return Promise.all(
    moving.map(async ([tag, by]): Promise<Write> => {
      const stored = await documents.read(tagId(tag));
      const count = (stored ? tagCountOf(stored).count : 0) + by;
      if (count < 1 && stored) return { op: 'delete', id: stored.document.id, ifMatch: stored.etag };
      const body: Json = { tag, count };
      const document = { id: tagId(tag), kind: KIND, body, ix: { tag } };
      return stored ? { op: 'replace', document, ifMatch: stored.etag } : { op: 'create', document };
    }),
  );
}

/** One customer's change of tags, as steps of the counters. */
export function tagSteps(before: readonly string[], after: readonly string[]): Map<string, number> {
  const steps = new Map<string, number>();
  for (const tag of before) if (!after.includes(tag)) steps.set(tag, -1);
  for (const tag of after) if (!before.includes(tag)) steps.set(tag, 1);
  return steps;
}

export const tagKind = KIND;

/**
 * Runs what changes tags one after another inside this process, in the queue that making customers uses too (they
 * share the counters): lost races are left to those between processes.
 */
export function inTagOrder<T>(scope: Scope, task: () => Promise<T>): Promise<T> {
  return scope.platform.queue.run(`customers/${scope.orgId}/counter:${CUSTOMER_COUNTER}`, task);
}
