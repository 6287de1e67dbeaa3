/** What a Service Bus trigger does with a message: runs its reaction, and waits before it gives a message back. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { InvocationContext, ServiceBusTopicHandler } from '@azure/functions';
import * as z from 'zod';
import { delayAfter } from '../shared/platform/backoff.ts';
import { isEnvelope, parsedFact } from '../shared/platform/bus.ts';
import { SECOND } from '../shared/platform/clock.ts';
import { runReaction } from '../shared/platform/react.ts';
import type { Reaction } from '../shared/platform/reaction.ts';
import { keptFact } from '../shared/platform/relay.ts';
import type { Platform } from '../shared/platform/scope.ts';

export type Pause = (milliseconds: number) => Promise<unknown>;

/** With ten deliveries some four minutes, less than a session stays locked; each well under what a function may run. */
const FIRST_DELAY = SECOND;
const LONGEST_DELAY = 60 * SECOND;

const Deliveries = z.looseObject({ deliveryCount: z.coerce.number().int().min(1) });

/**
 * The handler of a reaction's subscription. A throw abandons the message: Service Bus brings it again at once, before all
 * later ones of its session, and after its tenth delivery puts it among the dead letters. So a failure waits first, the
 * longer the more often it failed, and holds its session meanwhile: a dependency that is down for minutes costs no
 * message. What is no fact never will be one, and does not wait.
 */
export function messageHandler(
  reaction: Reaction,
  running: () => Promise<{ readonly platform: Platform }>,
  pause: Pause = sleep,
): ServiceBusTopicHandler {
  return async (message, context) => {
    const sent = parsedFact(message);
    // A subscription that was just made lets everything through until it is given its filter.
    if (!reaction.on.includes(sent.type)) return;
    try {
      const { platform } = await running();
      await runReaction(platform, reaction, isEnvelope(sent) ? await keptFact(platform.store, sent) : sent);
    } catch (error) {
      await pause(delayAfter(deliveriesOf(context), FIRST_DELAY, LONGEST_DELAY));
      throw error;
    }
  };
}

/** How often the message was brought, this time included; 1 when the host does not say. */
function deliveriesOf({ triggerMetadata }: InvocationContext): number {
  const told = Deliveries.safeParse(triggerMetadata);
  return told.success ? told.data.deliveryCount : 1;
}
