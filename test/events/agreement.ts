/** What must hold of events and claims, whatever crashed or raced. */
import { knownOf } from '../../shared/claims/stored.ts';
import { type EventState, events } from '../../shared/events/model.ts';
import { later, MINUTE } from '../../shared/platform/clock.ts';
import type { Window } from '../../shared/platform/fields.ts';
import type { Scope } from '../../shared/platform/scope.ts';
import { venues } from '../../shared/venues/model.ts';

/** Active claims of an event, expired holds left out. */
export async function claimsOfEvent(scope: Scope, eventId: string) {
  const page = await scope.documents('claims').query({
    kind: 'claim',
    where: [{ path: 'state', eq: 'active' }],
    limit: 1000,
  });
  const now = scope.now();
  return page.items
    .map((stored) => knownOf(stored).claim)
    .filter(({ owner, mode, expiresAt = '' }) => owner.id === eventId && (mode === 'firm' || expiresAt > now));
}

async function wanted(scope: Scope, state: EventState): Promise<Window> {
  const venue = await scope.of(venues).get(state.venueId);
  const minutes = (instant: string, by: number) => later(instant, by * MINUTE);
  return {
    start: minutes(state.startsAt, -state.setupMinutes),
    end: minutes(state.endsAt, state.teardownMinutes + venue.state.turnaroundMinutes),
  };
}

const GIVEN_BACK = ['cancelled', 'postponed'];

/** At any instant: an event that wants its venue has an active claim that covers it. */
export async function isCovered(scope: Scope, eventId: string): Promise<boolean> {
  const event = await scope.of(events).find(eventId);
  if (!event || GIVEN_BACK.includes(event.state.status)) return true;
  const { start, end } = await wanted(scope, event.state);
  return (await claimsOfEvent(scope, eventId)).some(
    ({ resource, windows: [window] }) =>
      resource === `venue:${event.state.venueId}` && window && window.start <= start && window.end >= end,
  );
}

/** What disagrees once all has settled: the event has exactly its one firm claim, or, given back or gone, none. */
export async function disagreement(scope: Scope, eventId: string): Promise<string | undefined> {
  const [event, claims] = [await scope.of(events).find(eventId), await claimsOfEvent(scope, eventId)];
  const shown = JSON.stringify(claims.map(({ resource, windows, mode }) => ({ resource, windows, mode })));
  if (!event || GIVEN_BACK.includes(event.state.status)) {
    return claims.length === 0 ? undefined : `${event?.state.status ?? 'gone'}, yet it holds ${shown}`;
  }
  const window = await wanted(scope, event.state);
  const right = JSON.stringify([{ resource: `venue:${event.state.venueId}`, windows: [window], mode: 'firm' }]);
  return shown === right ? undefined : `${event.state.status} wants ${right}, yet it holds ${shown}`;
}
