/** What the tests of events share: real HTTP over the real store and pipeline, with actors of every role. */
import { reactions } from '../../functions/registry.ts';
import { type Relay, startRelay } from '../../infra/local/relay.ts';
import { NewCustomer } from '../../shared/customers/fields.ts';
import { customers } from '../../shared/customers/model.ts';
import { defaultTypeId } from '../../shared/events/types.ts';
import type { EventBody } from '../../shared/events/views.ts';
import type { BuiltInRole } from '../../shared/identity/roles.ts';
import type { Actor } from '../../shared/platform/actor.ts';
import { systemIds } from '../../shared/platform/clock.ts';
import type { Platform, Scope } from '../../shared/platform/scope.ts';
import { VenueFields } from '../../shared/venues/fields.ts';
import { venues } from '../../shared/venues/model.ts';
import { callerHost, type Person, someoneOf } from '../support/callers.ts';
import { type TestPlatform, testPlatform, testScope } from '../support/platform.ts';

export interface Stage {
  readonly platform: Platform;
  readonly orgId: string;
  readonly scope: Scope;
  readonly typeId: string;
  /** Somebody of a role, in this organization unless told otherwise. */
  as(role: BuiltInRole, more?: Partial<Actor>): Person;
  /** The same organization, served over another platform (another process, or one that fails). */
  over(platform: Platform): Promise<Stage>;
  /** A platform of another process on the same file. */
  twin(): Platform;
  customer(name?: string, status?: 'active' | 'inactive'): Promise<string>;
  venue(more?: Partial<VenueFields>): Promise<string>;
  /** A body for POST /events: the first of December 2026, 18 to 21 h, a customer and a venue of its own. */
  booking(more?: Partial<EventBody>): Promise<EventBody>;
  /** Runs every reaction that is due. */
  settle(): Promise<void>;
  move(instant: string): void;
}

let made = 0;
function count(): number {
  made += 1;
  return made;
}

const closers: (() => Promise<void>)[] = [];
/** Closes all that this file opened, newest first. */
export async function closeStages(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

/** Starts an organization's world; `at` is where its clock starts. */
export async function stage(at?: string): Promise<Stage> {
  const root = await testPlatform(at === undefined ? {} : { at });
  closers.push(() => root.close());
  return stageOn(root, root, systemIds.next());
}

async function stageOn(root: TestPlatform, platform: Platform, orgId: string): Promise<Stage> {
  const host = await callerHost(platform);
  closers.push(() => host.close());
  const scope = testScope(root, orgId);
  const typeId = defaultTypeId(orgId, 'Wedding');
  let relay: Relay | undefined;

  async function customer(name = `Customer ${count()}`, status: 'active' | 'inactive' = 'active'): Promise<string> {
    const { contacts: _, ...fields } = NewCustomer.parse({
      name,
      type: 'enterprise',
      primaryEmail: 'hello@example.com',
      primaryPhone: '+442079460018',
    });
    const id = systemIds.next();
    const state = { ...fields, customerNumber: `CUS-${count()}`, addresses: [], contacts: [] };
    await scope.of(customers).create(id, () => [{ type: 'CustomerRegistered', data: { customer: state } }]);
    if (status === 'inactive') {
      const data = { reason: 'Gone', changes: { status: { from: 'active', to: 'inactive' } } };
      await scope.of(customers).execute(id, () => [{ type: 'CustomerDeactivated', data }]);
    }
    return id;
  }

  async function venue(more: Partial<VenueFields> = {}): Promise<string> {
    const fields = VenueFields.parse({
      name: `Venue ${count()}`,
      type: 'hall',
      address: { line1: '1 High Street', city: 'London', country: 'GB' },
      timeZone: 'Europe/London',
      capacity: { max: 100 },
      ...more,
    });
    const id = systemIds.next();
    await scope.of(venues).create(id, () => [{ type: 'VenueAdded', data: { fields, contacts: [] } }]);
    return id;
  }

  return {
    platform,
    orgId,
    scope,
    typeId,
    as: (role, more) => host.as(someoneOf(orgId, role, more)),
    over: (other) => stageOn(root, other, orgId),
    twin: () => root.twin(),
    customer,
    venue,
    async booking(more = {}) {
      return {
        title: `Gala ${count()}`,
        eventTypeId: typeId,
        customerId: more.customerId ?? (await customer()),
        venueId: more.venueId ?? (await venue()),
        startsAt: '2026-12-01T18:00:00Z',
        endsAt: '2026-12-01T21:00:00Z',
        setupMinutes: 0,
        teardownMinutes: 0,
        ...more,
      };
    },
    async settle() {
      if (!relay) {
        const started = startRelay({
          platform: root,
          reactions,
          folder: root.folder,
          retry: { firstDelay: 5, longestDelay: 50 },
        });
        closers.push(() => started.stop());
        relay = started;
      }
      relay.wake();
      if (!(await relay.drained(15_000))) throw new Error('Facts are still on their way');
    },
    move: (instant) => root.clock.set(instant),
  };
}
