/** The outbox: what the Cosmos DB change feed shows of a container goes to the audit trail and the bus. */
import * as z from 'zod';
import { type Bus, parsedFact } from '../../shared/platform/bus.ts';
import { type ContainerName, containerNames, declarationOf } from '../../shared/platform/containers.ts';
import { FACT_KIND, type Fact } from '../../shared/platform/facts.ts';
import { relay } from '../../shared/platform/relay.ts';
import type { Store } from '../../shared/platform/store.ts';
import type { Telemetry } from '../../shared/platform/telemetry.ts';

/** The containers whose feeds are followed. */
export const outboxes: readonly ContainerName[] = containerNames.filter((name) => declarationOf(name).facts);

const factItem = z.looseObject({ kind: z.literal(FACT_KIND), body: z.unknown() });

/**
 * Relays the facts among some changed items, in their order. A throw makes the trigger bring the same items again, for
 * as long as it takes: nothing is lost, and repeats are dropped by the bus or harmless.
 */
export async function relayChanges(
  store: Store,
  bus: Bus,
  items: readonly unknown[],
  telemetry?: Telemetry,
): Promise<void> {
  const facts = items.flatMap((item): Fact[] => {
    const parsed = factItem.safeParse(item);
    return parsed.success ? [parsedFact(parsed.data.body)] : [];
  });
  if (facts.length === 0) return;
  await relay(store, telemetry, facts, () => bus.publish(facts));
}
