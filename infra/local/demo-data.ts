/** What the demo company's year consists of; the same at every first start. */
import { DAY, HOUR, later } from '../../shared/platform/clock.ts';

interface Place {
  readonly city: string;
  readonly country: string;
  readonly postalCode: string;
  readonly timeZone: string;
  readonly lat: number;
  readonly lon: number;
}

const places = {
  newYork: {
    city: 'New York',
    country: 'US',
    postalCode: '10001',
    timeZone: 'America/New_York',
    lat: 40.7506,
    lon: -73.9972,
  },
  london: {
    city: 'London',
    country: 'GB',
    postalCode: 'SE1 9TG',
    timeZone: 'Europe/London',
    lat: 51.5055,
    lon: -0.0865,
  },
  berlin: { city: 'Berlin', country: 'DE', postalCode: '10115', timeZone: 'Europe/Berlin', lat: 52.532, lon: 13.3849 },
  mumbai: { city: 'Mumbai', country: 'IN', postalCode: '400001', timeZone: 'Asia/Kolkata', lat: 18.9388, lon: 72.8354 },
} as const satisfies Record<string, Place>;

const halls: readonly (readonly [
  name: string,
  type: string,
  place: keyof typeof places,
  max: number,
  turnaround: number,
])[] = [
  ['Hudson Hall', 'hall', 'newYork', 600, 60],
  ['The Lantern Theater', 'theater', 'newYork', 320, 45],
  ['Skyline Conference Center', 'conferenceCenter', 'newYork', 1800, 120],
  ['Pier 9 Studio', 'studio', 'newYork', 120, 30],
  ['Borough Banqueting Rooms', 'restaurant', 'london', 220, 60],
  ['The Foundry', 'hall', 'london', 450, 60],
  ['Regent Grand Hotel', 'hotel', 'london', 700, 90],
  ['Southbank Terrace', 'outdoor', 'london', 900, 120],
  ['Kühlhaus Mitte', 'other', 'berlin', 380, 60],
  ['Spreegarten', 'outdoor', 'berlin', 650, 90],
  ['Gateway Ballroom', 'hotel', 'mumbai', 1000, 120],
  ['Marine Drive Stadium', 'stadium', 'mumbai', 12000, 240],
];
const amenities = [
  'Wi-Fi',
  'Stage',
  'PA system',
  'Projector',
  'Catering kitchen',
  'Step-free access',
  'Loading dock',
  'Parking',
];

/** Twelve venues in four time zones. */
export function venuesOf() {
  return halls.map(([name, type, key, max, turnaroundMinutes], n) => {
    const { city, country, postalCode, timeZone, lat, lon } = places[key];
    return {
      name,
      type,
      description: `${name}, in the heart of ${city}.`,
      address: { line1: `${12 + n * 7} Event Street`, city, postalCode, country },
      location: { lat: Number((lat + n / 500).toFixed(4)), lon: Number((lon + n / 500).toFixed(4)) },
      timeZone,
      capacity: { max, seated: Math.floor(max * 0.7), standing: max },
      amenities: amenities.filter((_, at) => (n + at) % 3 !== 0),
      turnaroundMinutes,
    };
  });
}

const companies = ['Acorn', 'Blue Door', 'Cedar', 'Dover', 'Ember', 'Fairway', 'Granite', 'Harbour', 'Iris', 'Juniper'];
const trades = [
  ['Catering', 'smallBusiness'],
  ['Holdings', 'enterprise'],
  ['Foundation', 'nonProfit'],
  ['Borough Council', 'government'],
] as const;
const firstNames = ['Amara', 'Björn', 'Chloé', 'Diego', 'Elena', 'Farid', 'Grace', 'Hiro', 'Inés', 'Jonas'];
const lastNames = ['Okafor', 'Lindqvist', 'Moreau', 'García', 'Rossi', 'Haddad', 'Kim', 'Tanaka', 'Silva', 'Weber'];
const segments = ['standard', 'premium', 'vip', 'corporate'] as const;

/** Fifty customers: forty organizations and ten people. */
export function customersOf() {
  return Array.from({ length: 50 }, (_, n) => {
    const person = n % 5 === 4;
    const first = firstNames[n % 10] ?? '';
    const last = lastNames[Math.floor(n / 5) % 10] ?? '';
    const [trade, kind] = trades[n % 4] ?? trades[0];
    const name = person
      ? `${first} ${last}`
      : `${companies[n % 10]} ${trade}${n >= 20 ? ` ${1 + Math.floor(n / 20)}` : ''}`;
    const domain = `${name
      .normalize('NFKD')
      .replace(/[^A-Za-z0-9]/g, '')
      .toLowerCase()}.example`;
    return {
      name,
      type: person ? 'individual' : kind,
      primaryEmail: `hello@${domain}`,
      primaryPhone: `+4420794600${String(10 + n)}`,
      segment: segments[n % 4],
      addresses: [
        {
          kind: 'billing',
          line1: `${1 + n} High Street`,
          city: 'London',
          postalCode: 'SE1 9TG',
          country: 'GB',
          defaultBilling: true,
        },
      ],
      contacts: [
        {
          firstName: first,
          lastName: last,
          email: `${first.normalize('NFKD').replace(/\W/g, '').toLowerCase()}@${domain}`,
          primary: true,
        },
      ],
      tags: n % 3 === 0 ? ['returning'] : n % 7 === 0 ? ['key-account', 'returning'] : [],
    };
  });
}

interface Ids {
  readonly customerIds: readonly string[];
  readonly typeIds: readonly string[];
  readonly venueIds: readonly string[];
}

interface Step {
  readonly step: string;
  readonly body: Record<string, string>;
  /** When it is taken: a minute before the event's start or end. */
  readonly before: 'start' | 'end';
}

const titles = [
  'Summer Gala',
  'Product Launch',
  'Wedding Reception',
  'Charity Dinner',
  'Annual Conference',
  'Jazz Night',
  'Board Retreat',
  'Birthday Party',
];
const EVENTS = 200;

function stepsOf(n: number, past: boolean): Step[] {
  const taken = (step: string, before: Step['before'] = 'start', body = {}): Step => ({ step, before, body });
  if (n % 20 === 7) return [taken('approve'), taken('cancel', 'start', { reason: 'The client changed their plans' })];
  if (past) return [taken('approve'), taken('confirm'), taken('start'), taken('complete', 'end')];
  if (n % 6 === 0) return [];
  if (n % 6 === 1) return [taken('submit-for-approval')];
  if (n % 6 === 2) return [taken('approve')];
  return [taken('approve'), taken('confirm')];
}

/** Two hundred events over twelve months around `today` (a UTC midnight), each at a venue that is free. */
export function eventsOf(today: string, { customerIds, typeIds, venueIds }: Ids) {
  return Array.from({ length: EVENTS }, (_, n) => {
    const day = Math.floor(((n - EVENTS / 2) / EVENTS) * 360);
    const startsAt = later(today, day * DAY + (10 + (n % 8)) * HOUR);
    const endsAt = later(startsAt, (3 + (n % 4)) * HOUR);
    const past = day < -1;
    const body = {
      title: `${titles[n % titles.length]} ${1 + Math.floor(n / titles.length)}`,
      eventTypeId: typeIds[n % typeIds.length],
      customerId: customerIds[n % customerIds.length],
      venueId: venueIds[n % venueIds.length],
      startsAt,
      endsAt,
      setupMinutes: 60,
      teardownMinutes: 30,
      attendance: 40 + (n % 7) * 10,
    };
    return { body, steps: stepsOf(n, past) };
  });
}
