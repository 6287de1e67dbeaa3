/**
 * The matrix of chapter 06 as its words have it, held against what the routes declare and the roles hold; that routes do
 * as they declare is shown for every one of them in test/http/privileges.test.ts.
 */
import { expect, test } from 'vitest';
import { routes } from '../../functions/registry.ts';
import { type BuiltInRole, builtInRoleNames, builtInRoles } from '../../shared/identity/roles.ts';

const CHIEFS: readonly BuiltInRole[] = ['admin', 'manager'];
const KEEPERS: readonly BuiltInRole[] = [...CHIEFS, 'warehouseManager'];
const item = 'equipment/{equipmentId}';
const reservation = 'equipment/reservations/{reservationId}';
const logistics = 'equipment/logistics/{reservationId}';
const maintenance = 'equipment/maintenance/{maintenanceId}';
const damage = 'equipment/damage-reports/{damageReportId}';

/** Who may; every other pair is 403. */
const matrix: readonly (readonly [who: readonly BuiltInRole[], routes: readonly string[]])[] = [
  [
    [...KEEPERS, 'staff', 'maintenanceTechnician', 'viewer'],
    ['GET equipment', `GET ${item}`, `GET ${item}/photos`, `GET ${item}/photos/{photoId}`],
  ],
  [
    KEEPERS,
    [
      'POST equipment',
      ...['PUT', 'PATCH', 'DELETE'].map((method) => `${method} ${item}`),
      ...['activate', 'deactivate', 'photos'].map((step) => `POST ${item}/${step}`),
      ...['PUT', 'PATCH'].map((method) => `${method} ${item}/specifications`),
      `PUT ${item}/photos/{photoId}/primary`,
      `DELETE ${item}/photos/{photoId}`,
      `PUT ${damage}`,
      `PATCH ${damage}`,
    ],
  ],
  [CHIEFS, [`POST ${item}/retire`, `POST ${reservation}/override`]],
  [
    [...CHIEFS, 'staff', 'viewer'],
    [
      'GET equipment/reservations',
      'POST equipment/check-availability',
      `GET ${reservation}`,
      `GET ${item}/reservations`,
      'GET events/{eventId}/equipment-reservations',
    ],
  ],
  [
    [...CHIEFS, 'staff'],
    [
      'POST equipment/reservations',
      'POST events/{eventId}/equipment',
      ...['PUT', 'PATCH', 'DELETE'].map((method) => `${method} ${reservation}`),
      `POST ${reservation}/confirm`,
    ],
  ],
  [
    [...KEEPERS, 'staff', 'viewer'],
    ['GET equipment/logistics', 'GET equipment/logistics/in-transit', `GET ${logistics}`],
  ],
  [
    [...KEEPERS, 'staff'],
    [
      ...['pack', 'load', 'dispatch', 'deliver', 'setup-complete', 'pickup', 'return'].map(
        (step) => `POST ${logistics}/${step}`,
      ),
      `POST ${item}/damage-reports`,
      `POST ${damage}/photos`,
    ],
  ],
  [
    [...CHIEFS, 'maintenanceTechnician', 'viewer'],
    ['GET equipment/maintenance/scheduled', `GET ${maintenance}`, `GET ${item}/maintenance`],
  ],
  [
    [...CHIEFS, 'maintenanceTechnician'],
    [
      ...['PUT', 'PATCH'].flatMap((method) => [`${method} ${maintenance}`, `${method} ${item}/condition`]),
      ...['start', 'complete', 'cancel'].map((step) => `POST ${maintenance}/${step}`),
      `POST ${item}/maintenance`,
    ],
  ],
  [
    [...KEEPERS, 'maintenanceTechnician', 'viewer'],
    [`GET ${damage}`, `GET ${damage}/photos/{photoId}`, `GET ${item}/damage-reports`],
  ],
];

const OURS = /^equipment\b|^events\/\{eventId\}\/equipment/;

test('REQ-EQP-101 to 105 who may do what with equipment; an accountant and a customer nothing', () => {
  const expected = matrix.flatMap(([who, names]) => names.map((name) => [name, [...who].sort()]));
  const actual = routes
    .filter(({ path }) => OURS.test(path))
    .map(({ method, path, access }) => [
      `${method} ${path}`,
      builtInRoleNames.filter((role) => builtInRoles[role].some((privilege) => privilege === access)).sort(),
    ]);
  expect(Object.fromEntries(actual)).toEqual(Object.fromEntries(expected));
});
