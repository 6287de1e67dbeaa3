/** What the Bicep reads instead of repeating it: containers and subscriptions, as the declarations have them. */
import { reactions } from '../../functions/registry.ts';
import { REPLAY_FOR } from '../../shared/platform/bus.ts';
import { readConfig } from '../../shared/platform/config.ts';
import type { Reaction } from '../../shared/platform/reaction.ts';
import { containerDefinitions } from '../../shared/platform/store.azure.policy.ts';

/** Characters of a SQL filter that Service Bus takes. */
const LONGEST_FILTER = 1024;
/** Where the triggers of the change feed keep their positions; they demand this key. */
const LEASES = { id: 'leases', partitionKey: { paths: ['/id'], version: 2, kind: 'Hash' } };

interface Subscription {
  readonly name: string;
  /** Of the one rule it has: the facts that the reaction is told of, by the message's subject, but no other's replays. */
  readonly filter: string;
}

/** A subscription a reaction. Throws for one that is told of more types than fit into a filter. */
export function subscriptionsOf(declared: readonly Pick<Reaction, 'name' | 'on'>[]): Subscription[] {
  return declared.map(({ name, on }) => {
    const types = on.map((type) => `'${type}'`).join(',');
    const filter = `sys.Label IN (${types}) AND (NOT EXISTS(${REPLAY_FOR}) OR ${REPLAY_FOR} = '${name}')`;
    if (filter.length <= LONGEST_FILTER) return { name, filter };
    throw new Error(
      `The filter of "${name}" has ${filter.length} characters and Service Bus takes ${LONGEST_FILTER}: ` +
        'make two reactions of it that share their work.',
    );
  });
}

/** Files of `infra/azure/generated`, by name. */
export function declaredFiles(): Readonly<Record<string, string>> {
  const { COSMOS_DATABASE: database, SERVICE_BUS_TOPIC: topic } = readConfig({});
  return {
    'containers.json': asJson({ database, containers: [...containerDefinitions(), LEASES] }),
    'subscriptions.json': asJson({ topic, subscriptions: subscriptionsOf(reactions) }),
  };
}

function asJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
