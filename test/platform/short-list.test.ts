/** Short lists take what every list takes (spec chapter 00): limit, cursor, sort, count, fields. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';

let host: TestHost;
let org: TestOrganization;
beforeAll(async () => {
  host = await startTestHost();
  org = await host.organization();
});
afterAll(() => host.close());

async function get(path: string, token = org.admin.token) {
  const response = await fetch(`${host.origin}/api/${path}`, { headers: { authorization: `Bearer ${token}` } });
  const body = (await response.json()) as {
    data: { id: string; name: string; builtIn?: boolean; window?: { start: string } }[];
    page: { nextCursor: string | null; totalCount?: number };
    errors?: { path: string; message: string }[];
  };
  return { status: response.status, link: response.headers.get('link'), ...body };
}

/** Everything, page by page. */
async function walked(path: string) {
  const all = [];
  let cursor = '';
  do {
    const { data, page } = await get(`${path}${path.includes('?') ? '&' : '?'}limit=3${cursor && `&cursor=${cursor}`}`);
    expect(data.length).toBeLessThanOrEqual(3);
    all.push(...data);
    cursor = page.nextCursor ?? '';
  } while (cursor !== '');
  return all;
}

describe('Roles', () => {
  test('come page by page: the built-in ones first, then the own ones by name, none twice', async () => {
    const own = ['Éclair', 'eagle', 'Ant', 'ZEBRA', 'zone'];
    for (const name of own) await org.admin.api.POST('/api/roles', { body: { name, privileges: [] } });
    const roles = await walked('roles');
    const sorted = ['Ant', 'eagle', 'Éclair', 'ZEBRA', 'zone'];
    expect(roles.filter(({ builtIn }) => !builtIn).map(({ name }) => name)).toEqual(sorted);
    expect(roles.findIndex(({ builtIn }) => !builtIn)).toBe(8);
    expect(new Set(roles.map(({ id }) => id)).size).toBe(13);
    const backwards = await walked('roles?sort=-name');
    expect(backwards.map(({ name }) => name.toLowerCase())[0]).toBe('zone');
    const first = await get('roles?limit=2&count=true&fields=id,name');
    expect(first.page.totalCount).toBe(13);
    expect(Object.keys(first.data[0] ?? {})).toEqual(['id', 'name']);
    expect(first.link).toMatch(/limit=2&count=true&fields=id%2Cname&cursor=\S+>; rel="next"$/);
  });

  test('a cursor of another organization, another order or another list is 400', async () => {
    const { page } = await get('roles?limit=2');
    expect((await get(`roles?limit=2&sort=name&cursor=${page.nextCursor}`)).status).toBe(400);
    expect((await get(`users?limit=2&cursor=${page.nextCursor}`)).status).toBe(400);
    const other = await host.organization();
    expect((await get(`roles?limit=2&cursor=${page.nextCursor}`, other.admin.token)).status).toBe(400);
    const broken = await get('roles?sort=colour&limit=0');
    expect([broken.status, broken.errors?.[0]?.path]).toEqual([400, 'query.limit']);
    expect((await get('roles?sort=colour')).errors?.[0]?.message).toContain('name, builtIn');
  });
});

describe('Blocks and photos of a venue', () => {
  test('come page by page, blocks by start within their range', async () => {
    const { data: venue } = await org.admin.api.POST('/api/venues', {
      body: {
        name: 'The hall',
        type: 'hall',
        address: { line1: 'x', city: 'London', country: 'GB' },
        timeZone: 'Europe/London',
        capacity: { max: 10 },
        bookable: 1,
        turnaroundMinutes: 0,
        amenities: [],
        contacts: [],
      },
    });
    const path = `venues/${venue?.id}/blocks`;
    for (const day of ['09', '02', '05', '07', '03', '08', '06', '04']) {
      const window = { start: `2027-03-${day}T00:00:00Z`, end: `2027-03-${day}T12:00:00Z` };
      await org.admin.api.POST('/api/venues/{venueId}/blocks', {
        params: { path: { venueId: venue?.id ?? '' } },
        body: { window, reason: 'Works' },
      });
    }
    const days = (all: Awaited<ReturnType<typeof walked>>) => all.map(({ window }) => window?.start.slice(8, 10));
    expect(days(await walked(path))).toEqual(['02', '03', '04', '05', '06', '07', '08', '09']);
    expect(days(await walked(`${path}?sort=-start`))[0]).toBe('09');
    const some = `${path}?from=2027-03-04T00:00:00Z&to=2027-03-08T00:00:00Z`;
    expect(days(await walked(some))).toEqual(['04', '05', '06', '07']);
    expect((await get(`venues/${venue?.id}/photos?count=true`)).page).toEqual({ nextCursor: null, totalCount: 0 });
  });
});
