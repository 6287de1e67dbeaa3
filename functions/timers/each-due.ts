import type { Due } from '../../shared/platform/due.ts';
import { unlessGone } from '../../shared/platform/refusal.ts';
import type { Scope } from '../../shared/platform/scope.ts';

interface Work {
  readonly due: AsyncIterable<Due>;
  /** `own` is the scope of its organization. */
  readonly work: (own: Scope, id: string) => Promise<void>;
  /** What is logged of one that failed, and how its id is called there. */
  readonly trouble: string;
  readonly idName: string;
}

/**
 * Works off what is due, one after another; what was deleted since it was found is passed over. One that fails is logged
 * and stays due, and the others do not wait for it.
 */
export async function eachDue(scope: Scope, { due, work, trouble, idName }: Work): Promise<void> {
  const { correlationId } = scope;
  for await (const { orgId, id } of due) {
    try {
      await unlessGone(work(scope.inOrganization(orgId), id));
    } catch (error) {
      scope.platform.log.error({ orgId, [idName]: id, correlationId, err: error }, trouble);
    }
  }
}
