/** Blobs that nothing names go after a day; all others stay. Real Azurite, of which each test sees its organization alone. */
import { readdirSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { blobOwners, orphanBlobs } from '../../functions/timers/orphan-blobs.ts';
import { putPhoto } from '../../shared/customers/photo.ts';
import { equipmentAlbum } from '../../shared/equipment/photos.ts';
import { setAvatar } from '../../shared/identity/avatars.ts';
import { users } from '../../shared/identity/model.ts';
import { systemActor } from '../../shared/platform/actor.ts';
import type { Blobs } from '../../shared/platform/blobs.ts';
import { instantOf } from '../../shared/platform/clock.ts';
import { addPhoto } from '../../shared/platform/photos.ts';
import { storePicture } from '../../shared/platform/pictures.ts';
import { runTick } from '../../shared/platform/run-timer.ts';
import type { Platform } from '../../shared/platform/scope.ts';
import { venueAlbum } from '../../shared/venues/photos.ts';
import { madeItem, startWorld, type World } from '../equipment/support.ts';
import { testScope } from '../support/platform.ts';
import { parseSource } from '../support/source.ts';
import { venueBody } from '../venues/support.ts';

let jpeg: Buffer;
const photo = () => ({ size: jpeg.byteLength, read: async () => jpeg });
let world: World;
/** The blobs of the world's organization alone, in pages of seven. */
let own: Blobs;
beforeAll(async () => {
  jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#246' } })
    .jpeg()
    .toBuffer();
});
beforeEach(async () => {
  world = await startWorld({ at: instantOf(Date.now()) });
  const { blobs } = world.platform;
  own = {
    ...blobs,
    async *list() {
      for await (const page of blobs.list(`${world.orgId}/`)) {
        for (let at = 0; at < page.length; at += 7) yield page.slice(at, at + 7);
      }
    },
  };
});
afterEach(() => world.close());

async function paths(): Promise<string[]> {
  const found: string[] = [];
  for await (const page of own.list()) found.push(...page.map(({ path }) => path));
  return found;
}

let ticks = 0;
async function swept(over: Partial<Platform> = {}): Promise<string[]> {
  ticks += 1;
  const tick = `2026-01-01T00:${String(ticks).padStart(2, '0')}:00Z`;
  expect(await runTick({ ...world.platform, blobs: own, ...over }, orphanBlobs, tick)).toBe('done');
  return paths();
}

const HOUR = 3_600_000;

/** What a crash between the blobs and the commit leaves. */
const left = async (folder: string, id: string) =>
  storePicture(world.scope(), { file: photo(), path: `${folder}/${id}`, limit: 100_000, thumbnail: { width: 32 } });

describe('the timer orphan-blobs', () => {
  test('keeps what customers, venues, users and equipment show, and takes what nothing names after a day', async () => {
    const { manager } = world;
    const scope = world.scope();
    const item = await madeItem(manager);
    await addPhoto(scope, equipmentAlbum, item.id, photo());
    await addPhoto(scope, equipmentAlbum, item.id, photo());
    const venue = (await manager.post('venues', venueBody())).body;
    await addPhoto(scope, venueAlbum, venue.id, photo());
    const contact = { type: 'enterprise', primaryEmail: 'a@b.example', primaryPhone: '+442079460018' };
    const customer = (await manager.post('customers', { name: 'Customer', ...contact })).body;
    await putPhoto(scope, customer.id, photo());
    const userId = scope.newId();
    await scope.of(users).create(userId, () => [
      {
        type: 'UserAccountCreated',
        data: { username: 'u', email: 'u@b.example', displayName: 'U', roles: ['viewer'] },
      },
    ]);
    const asUser = testScope(world.platform, world.orgId, { actor: { ...systemActor(world.orgId), userId } });
    await setAvatar(asUser, photo());
    const named = await paths();
    expect(named).toHaveLength(10);

    for (const [folder, id] of [
      ['equipment', item.id],
      ['equipment', scope.newId()],
      ['venues', venue.id],
      ['customers', customer.id],
      ['users', userId],
    ] as const) {
      await left(folder, id);
    }
    expect(await paths()).toHaveLength(20);
    world.platform.clock.advance(23 * HOUR);
    expect(await swept()).toHaveLength(20);
    world.platform.clock.advance(2 * HOUR);
    expect(await swept()).toEqual(named);
    expect(await swept()).toEqual(named);
  });

  test('takes what a deleted item had', async () => {
    const item = await madeItem(world.manager);
    await addPhoto(world.scope(), equipmentAlbum, item.id, photo());
    await world.manager.delete(`equipment/${item.id}`);
    expect(await paths()).toHaveLength(2);
    world.platform.clock.advance(25 * HOUR);
    expect(await swept()).toEqual([]);
  });

  test('leaves what is put again, by a retry, between the look and the removal', async () => {
    const item = await madeItem(world.manager);
    const picture = await left('equipment', item.id);
    world.platform.clock.advance(25 * HOUR);
    const again: Blobs = {
      ...own,
      async remove(path, version) {
        if (path === picture.path) await own.put(path, jpeg, 'image/jpeg');
        await own.remove(path, version);
      },
    };
    expect(await swept({ blobs: again })).toEqual([picture.path]);
  });

  test('leaves folders that nobody answers for, and says so', async () => {
    await left('secrets', 'x');
    world.platform.clock.advance(25 * HOUR);
    const warned: unknown[] = [];
    const log = { ...world.platform.log, warn: (fields: object) => warned.push(fields) };
    expect(await swept({ log })).toHaveLength(2);
    expect(warned).toEqual([{ folders: ['secrets'] }]);
  });

  test('costs a query for each page and folder, however many blobs it holds', async () => {
    const { manager } = world;
    for (let n = 0; n < 12; n += 1)
      await addPhoto(world.scope(), equipmentAlbum, (await madeItem(manager)).id, photo());
    world.platform.clock.advance(25 * HOUR);
    const { store } = world.platform;
    let [queries, reads] = [0, 0];
    const counted = {
      ...store,
      query: (...of: Parameters<typeof store.query>) => {
        queries += 1;
        return store.query(...of);
      },
      read: (...of: Parameters<typeof store.read>) => {
        reads += 1;
        return store.read(...of);
      },
    };
    expect(await swept({ store: counted })).toHaveLength(24);
    expect([queries, reads]).toEqual([Math.ceil(24 / 7), 0]);
  });
});

test('whoever stores pictures answers for them', () => {
  const files = readdirSync('shared', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const slices = files.filter((path) => !path.startsWith('platform'));
  const about = slices.map((path) => parseSource(path, readFileSync(`shared/${path}`, 'utf8')));
  const owners = about.flatMap(({ calls }) => calls.filter(({ name }) => name === 'blobOwner').map(({ text }) => text));
  expect(owners.toSorted()).toEqual(blobOwners.map(({ folder }) => folder).toSorted());
  const stores = ['storePicture', 'keepPicture'];
  const storing = about.filter(
    ({ path, calls }) =>
      calls.some(({ name }) => stores.includes(name)) ||
      readFileSync(`shared/${path}`, 'utf8').includes(': PhotoAlbum<'),
  );
  expect(storing.length).toBe(owners.length);
  for (const source of storing) expect(source.calls.map(({ name }) => name)).toContain('blobOwner');
});
