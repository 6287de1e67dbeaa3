/** What the tests of customers share: callers over HTTP, and reactions run by hand. */
import { moveMergedCommunications } from '../../functions/bus/move-merged-communications.ts';
import { settleCommunicationHome } from '../../functions/bus/settle-communication.ts';
import type { BuiltInRole } from '../../shared/identity/roles.ts';
import type { Actor } from '../../shared/platform/actor.ts';
import { factOf } from '../../shared/platform/facts.ts';
import { runReaction } from '../../shared/platform/react.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import { callerHost, type Send, someoneOf } from '../support/callers.ts';

const customerReactions = [moveMergedCommunications, settleCommunicationHome];

let people = 0;
export function newId(): string {
  people += 1;
  return `0193b0a0-7c1e-7000-8000-${String(people).padStart(12, '0')}`;
}

export async function customerHost(platform: Platform) {
  const { origin, as, close } = await callerHost(platform);
  return {
    origin,
    close,
    /** Requests of somebody in an organization of its own, an admin unless told otherwise. */
    caller({ role = 'admin', orgId = newId(), ...more }: Partial<Actor> & { readonly role?: BuiltInRole } = {}): Send {
      return as(someoneOf(orgId, role, more)).send;
    },
  };
}

/** Runs the customers' reactions to all facts from a place in the feed on; answers with the place it came to. */
export async function react(platform: Platform, from?: string): Promise<string | undefined> {
  let place = from;
  for (let more = true; more; ) {
    more = false;
    for await (const { document, position } of platform.store.changes('customers', place)) {
      place = position;
      more = true;
      if (document.kind !== 'fact') continue;
      const fact = factOf(document);
      for (const reaction of customerReactions) {
        if (reaction.on.includes(fact.type)) await runReaction(platform, reaction, fact);
      }
    }
  }
  return place;
}

export const someone = {
  name: 'Blue Door Catering',
  type: 'smallBusiness',
  primaryEmail: 'hello@bluedoor.example',
  primaryPhone: '+44 20 7946 0018',
} as const;

export const address = {
  kind: 'billing',
  line1: '1 High Street',
  city: 'London',
  postalCode: 'SW1A 1AA',
  country: 'GB',
} as const;
