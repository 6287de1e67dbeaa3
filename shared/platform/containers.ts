/** Every container, declared once. Both store adapters, and the Bicep that makes them on Azure, are held to this. */

export interface Container {
  /** Cosmos DB partition key paths; the first is always the organization or the one platform-wide key. */
  readonly partitionKey: readonly string[];
  /** Whether documents may carry a `ttl`. */
  readonly ttl: boolean;
  /** `ix` names and their types. */
  readonly fields: Readonly<Record<string, 'text' | 'number' | 'boolean'>>;
  /** `sets` names. */
  readonly sets: readonly string[];
  /** Whether documents carry `words`. */
  readonly search: boolean;
  /** Whether the embedded store finds short beginnings of words quicker, at the cost of a second entry for each word. */
  readonly beginnings: boolean;
  /**
   * Composite indexes, each a list of `ix` names (partition key and `kind` stand before, `id` after, by themselves).
   * A query's equalities and order must be the beginning of one for its cost to be independent of the records.
   */
  readonly indexes: readonly (readonly string[])[];
  /** Those of `indexes` that also serve queries over all partitions that share the beginning of a hierarchical key. */
  readonly prefixIndexes: readonly (readonly string[])[];
  /** Indexes for timers, which look across organizations: `kind` and these names, with no partition before them. */
  readonly acrossIndexes: readonly (readonly string[])[];
  /** Whether facts are written here, so that the relay follows its change feed. */
  readonly facts: boolean;
}

function container(partitionKey: readonly string[], rest: Partial<Omit<Container, 'partitionKey'>> = {}): Container {
  const { fields = {}, sets = [], indexes = [], facts = false } = rest;
  return {
    partitionKey,
    ttl: rest.ttl ?? facts,
    fields: facts ? { subject: 'text', ...fields } : fields,
    sets,
    search: rest.search ?? false,
    beginnings: rest.beginnings ?? rest.search ?? false,
    indexes,
    prefixIndexes: rest.prefixIndexes ?? [],
    acrossIndexes: rest.acrossIndexes ?? [],
    facts,
  };
}

export const containers = {
  /** Organizations, users, custom roles, invitations. */
  identity: container(['/orgId'], {
    facts: true,
    search: true,
    fields: { status: 'text', name: 'text', email: 'text', customerId: 'text', staffId: 'text' },
    sets: ['roles'],
    indexes: [['name'], ['status', 'name'], ['email'], ['customerId', 'name'], ['staffId', 'name']],
  }),
  /** Who may sign in: one document a username, platform-wide. */
  logins: container(['/username']),
  /** Who is signed in where; the end of a session and the fact of it are one batch. */
  sessions: container(['/orgId', '/userId'], {
    facts: true,
    fields: { lastUsedAt: 'text', sessionId: 'text' },
    indexes: [['lastUsedAt'], ['sessionId']],
    // Whose a session is.
    prefixIndexes: [['sessionId']],
  }),
  customers: container(['/orgId'], {
    facts: true,
    search: true,
    fields: {
      name: 'text',
      type: 'text',
      segment: 'text',
      status: 'text',
      assignedTo: 'text',
      email: 'text',
      externalId: 'text',
      createdAt: 'text',
      modifiedAt: 'text',
      customerId: 'text',
      communicationKind: 'text',
      communicationDirection: 'text',
      at: 'text',
      tag: 'text',
    },
    sets: ['tags', 'countries'],
    indexes: [
      ['name'],
      ['createdAt'],
      ['modifiedAt'],
      ['status', 'name'],
      ['type', 'name'],
      ['segment', 'name'],
      ['assignedTo', 'name'],
      ['email'],
      ['externalId'],
      ['customerId', 'at'],
      ['customerId', 'communicationKind', 'at'],
      ['tag'],
    ],
  }),
  venues: container(['/orgId'], {
    facts: true,
    search: true,
    fields: {
      name: 'text',
      type: 'text',
      status: 'text',
      city: 'text',
      country: 'text',
      capacity: 'number',
      lat: 'number',
      lon: 'number',
      createdAt: 'text',
    },
    sets: ['amenities'],
    indexes: [
      ['name'],
      ['createdAt'],
      ['capacity'],
      ['status', 'name'],
      ['status', 'capacity'],
      ['type', 'name'],
      ['city', 'name'],
      ['country', 'name'],
      ['lat', 'lon'],
    ],
  }),
  /** Events, event types, notes. */
  events: container(['/orgId'], {
    facts: true,
    search: true,
    // An event has the words of its customer and its venue too: some nine.
    beginnings: false,
    fields: {
      startsAt: 'text',
      title: 'text',
      status: 'text',
      createdAt: 'text',
      /** False for archived events, which lists leave out. */
      listed: 'boolean',
      /** Still to come or running: not completed, cancelled or archived. */
      open: 'boolean',
      typeId: 'text',
      customerId: 'text',
      venueId: 'text',
      eventId: 'text',
      noteKind: 'text',
      name: 'text',
      dueAt: 'text',
      /** When the next reminder is due. */
      remindAt: 'text',
    },
    sets: ['staff'],
    // Each costs an entry at every booking. Of those that bind as many names the first one serves: what narrows most comes
    // first. What none serves whole (the events of a customer by title) is found by the filter and sorted where that
    // leaves few, or met on the way through the order.
    indexes: [
      ['customerId', 'startsAt'],
      ['venueId', 'startsAt'],
      ['typeId', 'startsAt'],
      ['status', 'startsAt'],
      ['listed', 'startsAt'],
      ['listed', 'title'],
      ['listed', 'status'],
      ['listed', 'createdAt'],
      ['startsAt'],
      ['title'],
      ['status'],
      ['createdAt'],
      ['eventId'],
      ['eventId', 'noteKind'],
      ['name'],
      // The facts of an event, for its history.
      ['subject'],
    ],
    acrossIndexes: [['dueAt'], ['remindAt']],
  }),
  /** The conflict engine: all claims on one resource share a partition with its head. */
  claims: container(['/orgId', '/resource'], {
    ttl: true,
    fields: { end: 'text', expiresAt: 'text', state: 'text' },
    sets: ['days'],
    indexes: [['state', 'end']],
    acrossIndexes: [['expiresAt']],
  }),
  /** Items, maintenance, damage reports. */
  equipment: container(['/orgId'], {
    facts: true,
    search: true,
    fields: {
      name: 'text',
      category: 'text',
      status: 'text',
      /** Its place in the order of conditions, best first. */
      condition: 'number',
      active: 'boolean',
      purchaseDate: 'text',
      /** In the minor unit of the organization's currency. */
      currentValue: 'number',
      createdAt: 'text',
      /** From when on something is to be told of preventive maintenance. */
      preventiveTellAt: 'text',
      equipmentId: 'text',
      scheduledAt: 'text',
      /** Maintenance and damage: not yet done with. */
      open: 'boolean',
      technicianId: 'text',
      /** Of maintenance. */
      type: 'text',
      /** Of damage. */
      severity: 'text',
    },
    indexes: [
      ['name'],
      ['purchaseDate'],
      ['condition'],
      ['currentValue'],
      ['category', 'name'],
      ['status', 'name'],
      ['equipmentId', 'scheduledAt'],
      ['equipmentId', 'createdAt'],
      ['open', 'scheduledAt'],
    ],
    acrossIndexes: [['preventiveTellAt']],
  }),
  reservations: container(['/orgId'], {
    facts: true,
    fields: {
      equipmentId: 'text',
      eventId: 'text',
      status: 'text',
      start: 'text',
      end: 'text',
      createdAt: 'text',
      listed: 'boolean',
      open: 'boolean',
      out: 'boolean',
      short: 'boolean',
    },
    sets: ['troubles'],
    indexes: [
      ['equipmentId', 'start'],
      ['equipmentId', 'short', 'start'],
      ['eventId', 'start'],
      ['status', 'start'],
      ['out', 'start'],
      ['listed', 'start'],
      ['listed', 'createdAt'],
      ['start'],
      ['createdAt'],
    ],
  }),
  /** What a user was told, how many are unread, and what it wants to be told. */
  notifications: container(['/orgId', '/userId'], {
    facts: true,
    ttl: true,
    fields: { createdAt: 'text', unread: 'boolean', category: 'text', priority: 'text', dueAt: 'text' },
    indexes: [
      ['createdAt'],
      ['unread', 'createdAt'],
      ['unread', 'category', 'createdAt'],
      ['category', 'createdAt'],
      ['priority', 'createdAt'],
    ],
    acrossIndexes: [['dueAt']],
  }),
  /** Every fact, kept for good. */
  audit: container(['/orgId', '/subject']),
  idempotency: container(['/userId'], { ttl: true }),
  /** Timer ticks, relay positions, leases. */
  system: container(['/name'], { ttl: true }),
} as const satisfies Record<string, Container>;

export type ContainerName = keyof typeof containers;
export const containerNames = Object.keys(containers) as ContainerName[];
export function declarationOf(name: ContainerName): Container {
  return containers[name];
}

/** The composite indexes for queries that name so many values of the partition key. */
export function indexesFor(
  { partitionKey, indexes, prefixIndexes, acrossIndexes }: Container,
  named: number,
): readonly (readonly string[])[] {
  if (named === 0) return acrossIndexes;
  return named < partitionKey.length ? prefixIndexes : indexes;
}

/** The days that facts stay in the outbox; the audit container keeps them for good. */
export const OUTBOX_DAYS = 7;
