/** Commits to Cosmos DB that happen once, though replies get lost (docs/adr/0018). */
import { setTimeout as sleep } from 'node:timers/promises';
import { delayAfter } from './backoff.ts';
import type { ContainerName } from './containers.ts';
import { etagsFrom, orderedOperations, unquoted } from './store.azure.batch.ts';
import type { CosmosDocument, Wire } from './store.azure.wire.ts';
import { isUnknown, WireFailure } from './store.azure.wire.ts';
import { checkPartition, checkSize, checkWrites } from './store.plan.ts';
import type { Partition, Write } from './store.ts';
import { CommitRefused, StoreUnavailable } from './store.ts';

/** How often a batch is sent while replies are lost, and the milliseconds between. */
const TRIES = 3;
const FIRST_WAIT = 50;
const LONGEST_WAIT = 400;
/** Of the time for a call, the part in which the batch is sent; the rest is kept for finding out what became of it. */
const SENDING = 0.75;

/**
 * Writes a batch under a commit id; the new etags in the order of the writes. A document carries the id of the commit
 * that wrote it last: by that a commit whose reply was lost is known to have landed, and a refusal that is only the
 * echo of its own success is told from a race lost to another.
 *
 * It all takes no longer than the wire's limit. Throws `CommitRefused`; `StoreUnavailable` when what became of it cannot
 * be known; `WireFailure`.
 */
export async function cosmosCommit(
  wire: Wire,
  container: ContainerName,
  partition: Partition,
  writes: readonly Write[],
  commitId: string,
): Promise<readonly string[]> {
  checkPartition(container, partition);
  checkWrites(container, partition, writes);
  const ordered = orderedOperations(container, partition, writes, commitId);
  checkSize(container, [JSON.stringify(ordered.operations)]);
  const sending = AbortSignal.timeout(wire.limit * SENDING);
  const finding = AbortSignal.timeout(wire.limit);
  for (let tries = 1; ; tries += 1) {
    let isFirst = tries === 1;
    let failure: unknown;
    try {
      const { replies, mayBeEcho } = await wire.batch(container, partition, ordered.operations, sending);
      isFirst &&= !mayBeEcho;
      return etagsFrom(ordered, replies);
    } catch (error) {
      failure = error;
    }
    const isRefused = failure instanceof CommitRefused;
    // Refused at the first sending: it is what it says.
    if (isRefused ? isFirst : !(failure instanceof WireFailure && isUnknown(failure.status))) throw failure;
    const read = (id: string) => wire.read(container, partition, id, finding);
    const etags = await landed(read, writes, commitId, isRefused);
    if (etags) return etags;
    if (isRefused || tries === TRIES || !isRepeatable(writes)) throw failure;
    await sleep(delayAfter(tries, FIRST_WAIT, LONGEST_WAIT));
    if (sending.aborted) throw failure;
  }
}

/**
 * Whether sending a batch again can do no harm: if the first one landed, or lands late, a `create` or a `replace` refuses
 * the other. Upserts and deletes alone would undo what somebody else wrote in between.
 */
function isRepeatable(writes: readonly Write[]): boolean {
  return writes.some(({ op }) => op === 'create' || op === 'replace');
}

/**
 * The etags of a commit, if it has landed: since it is all or nothing, one document of it is proof. Undefined when it
 * has not, or (`isRefused` aside) may not have yet. Throws `StoreUnavailable` when the refusal of a repeated commit may
 * be of its own making: all of its documents were written over since.
 */
async function landed(
  readOf: (id: string) => Promise<CosmosDocument | undefined>,
  writes: readonly Write[],
  commitId: string,
  isRefused: boolean,
): Promise<readonly string[] | undefined> {
  const read = (write: Write) => (write.op === 'delete' ? undefined : readOf(write.document.id));
  const isOurs = (one: CosmosDocument | undefined) => one?.commitId === commitId;
  const found = await Promise.all(writes.map(read));
  if (found.some(isOurs)) {
    // Some may have been read before it landed, so they are read again: what still is another's was written over since.
    // That has an etag which nobody knows; none at all matches nothing, as it should.
    const now = await Promise.all(writes.map((write, at) => (isOurs(found[at]) ? found[at] : read(write))));
    return now.map((one) => (isOurs(one) ? unquoted(one?._etag ?? '') : ''));
  }
  const isAbsent = writes.some(({ op }, at) => op === 'create' && found[at] === undefined);
  if (isRefused && !isAbsent) throw new StoreUnavailable('A commit lost its reply, and others have written since');
  return undefined;
}
