/** Where the things of a merged customer are. */
import type { Scope } from '../platform/scope.ts';
import type { Document } from '../platform/store.ts';
import { type CustomerState, customers } from './model.ts';

/** Most merges in a row that are followed; each is one point read. */
const LONGEST_CHAIN = 100;

/** Where a customer's things belong: itself, or the end of the merges it went into. Without `state` when that is deleted. */
export async function homeOf(
  scope: Scope,
  customerId: string,
): Promise<{ readonly id: string; readonly state: CustomerState | undefined }> {
  let id = customerId;
  for (let hop = 0; ; hop += 1) {
    const document = (await scope.documents(customers.container).read(id))?.document;
    const next = hop < LONGEST_CHAIN ? mergedIntoOf(document) : undefined;
    if (next === undefined) return { id, state: document?.kind === customers.kind ? stateOf(document) : undefined };
    id = next;
  }
}

function stateOf({ body }: Document): CustomerState {
  return (body as unknown as { readonly state: CustomerState }).state;
}

/** Where a customer was merged to, also one that was deleted since: what follows it there must not stop half-way. */
function mergedIntoOf(document: Document | undefined): string | undefined {
  const known = [customers.kind, `${customers.kind}.deleted`];
  return document && known.includes(document.kind) ? stateOf(document).mergedInto : undefined;
}
