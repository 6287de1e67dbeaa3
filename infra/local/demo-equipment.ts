/** What stands in the demo company's warehouse, and what is to happen with it; the same at every first start. */
import { DAY, HOUR, later } from '../../shared/platform/clock.ts';

interface Kind {
  readonly category: string;
  readonly names: readonly string[];
  readonly makers: readonly string[];
  /** Units of bulk goods; 1 for pieces that are kept one by one, with a serial number. */
  readonly units: number;
  /** Of one unit, in cents. */
  readonly price: number;
  readonly specifications: readonly (readonly [key: string, value: string, unit?: string])[];
}

const kinds: readonly Kind[] = [
  {
    category: 'table',
    names: ['Round table 150 cm', 'Round table 180 cm', 'Trestle table', 'Bar table', 'Cake table'],
    makers: ['Palmer', 'Zown'],
    units: 40,
    price: 12_900,
    specifications: [
      ['seats', '8'],
      ['height', '74', 'cm'],
    ],
  },
  {
    category: 'seating',
    names: ['Chiavari chair', 'Folding chair', 'Bar stool', 'Lounge sofa', 'Bench'],
    makers: ['Rossanese', 'Mogo'],
    units: 200,
    price: 4_500,
    specifications: [
      ['stackable', 'yes'],
      ['load', '120', 'kg'],
    ],
  },
  {
    category: 'audioVisual',
    names: ['Line array speaker', 'Digital mixer', 'Wireless microphone', 'Laser projector', 'LED wall panel'],
    makers: ['L-Acoustics', 'Yamaha', 'Sennheiser', 'Epson'],
    units: 1,
    price: 240_000,
    specifications: [
      ['power', '1200', 'W'],
      ['weight', '28', 'kg'],
    ],
  },
  {
    category: 'lighting',
    names: ['Moving head', 'LED par', 'Follow spot', 'Uplighter', 'Fog machine'],
    makers: ['Robe', 'Martin'],
    units: 12,
    price: 89_000,
    specifications: [
      ['power', '450', 'W'],
      ['colour', 'RGBW'],
    ],
  },
  {
    category: 'staging',
    names: ['Stage deck 2 x 1 m', 'Truss segment 3 m', 'Stair unit', 'Guard rail', 'Lectern'],
    makers: ['Prolyte', 'Nivtec'],
    units: 24,
    price: 38_500,
    specifications: [['load', '750', 'kg/m²']],
  },
  {
    category: 'power',
    names: ['Generator 20 kVA', 'Distribution box 63A', 'Cable drum 50 m', 'UPS', 'Battery pack'],
    makers: ['Atlas Copco', 'Indu-Electric'],
    units: 1,
    price: 610_000,
    specifications: [['voltage', '400', 'V']],
  },
  {
    category: 'decoration',
    names: ['Flower arch', 'Candelabra', 'Backdrop velvet', 'Table runner', 'Lantern'],
    makers: ['Atelier Fleur', 'Deko House'],
    units: 60,
    price: 3_200,
    specifications: [['colour', 'ivory']],
  },
  {
    category: 'game',
    names: ['Table football', 'Photo booth', 'Giant chess', 'Air hockey', 'Ring toss'],
    makers: ['Garlando', 'Fun Factory'],
    units: 2,
    price: 95_000,
    specifications: [['players', '4']],
  },
  {
    category: 'other',
    names: ['Marquee tent 6 x 12 m', 'Patio heater', 'Crowd barrier', 'Coat rack', 'Portable bar'],
    makers: ['Röder', 'Losberger'],
    units: 8,
    price: 145_000,
    specifications: [['set-up', '90', 'min']],
  },
];

const ITEMS = 300;
/** Days ago that they were entered. */
export const ADDED = 28;
/** A few that are not fit to go out. */
const conditions = ['excellent', 'good', 'good', 'fair', 'good', 'excellent', 'fair', 'good', 'good', 'poor'];

/** Three hundred items of all categories, bulk goods and pieces with serial numbers, bought over the last years. */
export function itemsOf(today: string) {
  return Array.from({ length: ITEMS }, (_, n) => {
    const kind = kinds[n % kinds.length] ?? kinds[0];
    if (!kind) throw new Error('The demo has kinds of equipment');
    const round = Math.floor(n / kinds.length);
    const sort = round % kind.names.length;
    const name = kind.names[sort];
    const series = Math.floor(round / kind.names.length);
    const maker = kind.makers[sort % kind.makers.length];
    const single = kind.units === 1;
    return {
      name: `${name} ${String.fromCharCode(65 + series)}`,
      category: kind.category,
      description: `${name} by ${maker}`,
      quantity: single ? 1 : kind.units + series * 4,
      ...(single ? { serialNumber: `SN-${20_000 + n}` } : {}),
      manufacturer: maker,
      model: `${kind.category.slice(0, 2).toUpperCase()}-${100 + sort}`,
      barcode: `40${String(100_000 + n)}`,
      condition: n % 50 === 33 ? 'needsRepair' : conditions[n % conditions.length],
      purchaseDate: later(today, -(200 + n * 3) * DAY).slice(0, 10),
      purchasePrice: { amount: kind.price, currency: 'USD' },
      currentValue: { amount: Math.round(kind.price * (0.4 + (n % 6) / 10)), currency: 'USD' },
      dailyRate: { amount: Math.round(kind.price / 40), currency: 'USD' },
      warehouseLocation: `${String.fromCharCode(65 + (n % 8))}-${1 + (n % 24)}`,
      specifications: kind.specifications.map(([key, value, unit]) => ({ key, value, ...(unit ? { unit } : {}) })),
      // Most were looked after within the half year; some are due soon, some overdue.
      lastPreventiveAt: later(today, -(n % 59 === 1 ? 200 : n % 29 === 0 ? 175 : ADDED + 2 + (n % 110)) * DAY),
    };
  });
}

/** The maintenance calendar: forty tasks over the coming two months. */
export function maintenanceOf(today: string, itemIds: readonly string[]) {
  const types = ['preventiveMaintenance', 'cleaning', 'inspection', 'repair'];
  return Array.from({ length: 40 }, (_, n) => ({
    itemId: itemIds[(n * 7 + 3) % itemIds.length] ?? '',
    body: {
      type: types[n % types.length],
      scheduledAt: later(today, (2 + Math.floor(n * 1.4)) * DAY + (7 + (n % 3)) * HOUR),
      estimatedMinutes: 60 + (n % 4) * 30,
      quantity: 1,
      description: ['Half-yearly service', 'Deep clean', 'Safety check', 'Replace worn parts'][n % 4],
    },
  }));
}
