/** Clients that write all they can until the host dies, and remember what they were answered. */
import { DAY, HOUR, later } from '../../shared/platform/clock.ts';

export interface Answer {
  readonly status: number;
  readonly replayed: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly key?: string;
}

/** What a client knows of a resource it made or changed. */
export interface Known {
  readonly path: string;
  /** Fields that a 2xx answer showed last; an event's status and start may be `maybe` instead. */
  fields: Readonly<Record<string, unknown>>;
  /** What a request that was never answered would have made of some of them. */
  maybe?: Readonly<Record<string, unknown>>;
  gone?: 'yes' | 'maybe';
}

export interface Ledger {
  readonly known: Known[];
  /** Creations under a key, answered or not: each must come to one resource. `title` finds it. */
  readonly keyed: { readonly request: Request; readonly title: string; id: string | undefined }[];
  /** Creations without a key that were never answered: made once or not at all. */
  readonly unanswered: string[];
  /** Creations that were refused when they were asked for again. */
  readonly refused: string[];
  /** How many requests had which status; 0 for those never answered. */
  readonly statuses: Map<number, number>;
}

export interface Site {
  readonly customerId: string;
  readonly venueIds: readonly string[];
  readonly eventTypeId: string;
  /** Midnight, far enough ahead for all events. */
  readonly firstDay: string;
}

export function newLedger(): Ledger {
  return { known: [], keyed: [], unanswered: [], refused: [], statuses: new Map() };
}

/** Sends one request; undefined when the connection broke before the whole answer was there. */
export async function sent(origin: string, token: string, request: Request): Promise<Answer | undefined> {
  const { method, path, body, key } = request;
  const headers = new Headers({ authorization: `Bearer ${token}`, 'content-type': 'application/json' });
  if (key !== undefined) headers.set('idempotency-key', key);
  try {
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${origin}/api/${path}`, { method, headers, ...text });
    const said = await response.text();
    const replayed = response.headers.get('idempotency-replayed') === 'true';
    return { status: response.status, replayed, body: said === '' ? {} : JSON.parse(said) };
  } catch {
    return undefined;
  }
}

const SLOTS = 100;
const SHOWN = ['name', 'title', 'content', 'status', 'startsAt', 'venueId'];

function shown(body: Answer['body']): Known['fields'] {
  return Object.fromEntries(SHOWN.filter((field) => field in body).map((field) => [field, body[field]]));
}

let made = 0;

/** Writes, one request after another, until an answer stays out. `random` is uniform in [0, 1). */
export async function work(origin: string, token: string, site: Site, ledger: Ledger, random: () => number) {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const own: Known[] = [];
  const slot = () => {
    const startsAt = later(site.firstDay, Math.floor(random() * SLOTS) * 6 * HOUR);
    return { venueId: pick(site.venueIds), startsAt, endsAt: later(startsAt, 4 * HOUR) };
  };

  async function asked(request: Request): Promise<Answer | undefined> {
    const answer = await sent(origin, token, request);
    const status = answer?.status ?? 0;
    ledger.statuses.set(status, (ledger.statuses.get(status) ?? 0) + 1);
    if (status >= 500) throw new Error(`${request.method} ${request.path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  async function create(path: string, title: string, body: object, at = path): Promise<boolean> {
    const key = random() < 0.5 ? `key ${title}` : undefined;
    const request = { method: 'POST', path, body, ...(key === undefined ? {} : { key }) };
    const answer = await asked(request);
    const ok = answer !== undefined && answer.status === 201;
    if (key !== undefined && (ok || !answer)) {
      ledger.keyed.push({ request, title, id: ok ? String(answer.body.id) : undefined });
    } else if (!answer) ledger.unanswered.push(title);
    if (ok) {
      const known: Known = { path: `${at}/${answer.body.id}`, fields: shown(answer.body) };
      ledger.known.push(known);
      if (path === 'events') own.push(known);
    }
    return answer !== undefined;
  }

  async function change(known: Known, request: Request, maybe: Known['maybe']): Promise<boolean> {
    const answer = await asked(request);
    if (answer?.status === 200) known.fields = shown(answer.body);
    if (!answer && maybe) known.maybe = maybe;
    const gone = answer ? answer.status === 204 && 'yes' : !maybe && 'maybe';
    // Its notes go with it.
    if (gone) for (const one of ledger.known) if (`${one.path}/`.startsWith(`${known.path}/`)) one.gone = gone;
    if (gone) own.splice(own.indexOf(known), 1);
    return answer !== undefined;
  }

  function step(known: Known): Promise<boolean> {
    const take = (name: string, status: string, body: object = {}) =>
      change(known, { method: 'POST', path: `${known.path}/${name}`, body }, { status, ...body });
    switch (known.fields.status) {
      case 'draft':
        return take('approve', 'approved');
      case 'approved':
        return random() < 0.5 ? take('confirm', 'confirmed') : take('postpone', 'postponed', { reason: 'Rain' });
      case 'postponed':
        return take('reschedule', 'approved', slot());
      case 'confirmed':
        return take('cancel', 'cancelled', { reason: 'Snow' });
      default:
        return take('reinstate', 'confirmed');
    }
  }

  function next(): Promise<boolean> {
    made += 1;
    const dice = random();
    const known = pick(own);
    const billing = { kind: 'billing', line1: '1 High Street', city: 'London', postalCode: 'SE1 9TG', country: 'GB' };
    if (dice < 0.12) {
      const body = { name: `Client ${made}`, type: 'enterprise', addresses: [billing], primaryPhone: '+442079460018' };
      return create('customers', body.name, { ...body, primaryEmail: `c${made}@client.example` });
    }
    if (dice < 0.18) {
      const name = `Hall ${made}`;
      const rest = { type: 'hall', address: { ...billing, kind: undefined }, capacity: { max: 9 } };
      return create('venues', name, { name, ...rest, timeZone: 'Europe/London' });
    }
    if (dice < 0.5 || !known) {
      const title = `Event ${made}`;
      const { customerId, eventTypeId } = site;
      return create('events', title, { title, customerId, eventTypeId, ...slot() });
    }
    if (dice < 0.6) {
      const content = `Note ${made}`;
      return create(`${known.path}/notes`, content, { kind: 'internal', content });
    }
    if (dice < 0.72 && ['draft', 'approved', 'confirmed'].includes(String(known.fields.status))) {
      const to = slot();
      return change(known, { method: 'PATCH', path: known.path, body: to }, to);
    }
    if (dice < 0.76) return change(known, { method: 'DELETE', path: known.path }, undefined);
    return step(known);
  }

  while (await next());
}

/** A midnight at least a month ahead: holds, leases and the clock never reach the events. */
export function firstDayAfter(now: string): string {
  return `${later(now, 40 * DAY).slice(0, 10)}T00:00:00Z`;
}

/** Asks again under their keys for everything that was never answered; the answers are final. */
export async function retryAll(origin: string, token: string, ledger: Ledger): Promise<void> {
  for (const one of ledger.keyed.filter(({ id }) => id === undefined)) {
    const answer = await sent(origin, token, one.request);
    if (answer?.status === 201) {
      one.id = String(answer.body.id);
      ledger.known.push({ path: `${one.request.path}/${one.id}`, fields: shown(answer.body) });
    } else if (answer?.status !== 409 || answer.body.type === 'urn:marquee:problem:in_progress') {
      throw new Error(`${one.request.path} under its key again: ${JSON.stringify(answer)}`);
    } else {
      ledger.keyed.splice(ledger.keyed.indexOf(one), 1);
      ledger.refused.push(one.title);
    }
  }
}
