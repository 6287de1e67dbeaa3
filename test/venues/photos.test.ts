import { describe, expect, test } from 'vitest';
import type { Picture } from '../../shared/platform/pictures.ts';
import { venues } from '../../shared/venues/model.ts';
import { addPhoto } from '../../shared/venues/rules.ts';
import { albumSuite } from '../support/album.suite.ts';
import { madeVenue, startWorld } from './support.ts';

const album = albumSuite({
  requirements: 'REQ-VEN-014',
  of: 'venues',
  megabytes: 5,
  start: startWorld,
  make: madeVenue,
});

describe('REQ-VEN-014 photos of a venue', () => {
  test('give a venue fresh links at every read, but keep its ETag good for If-Match', async () => {
    const { world, id, photos, jpeg } = album();
    await world.manager.upload(photos, jpeg);
    const read = await world.manager.get(`venues/${id}`);
    const etag = read.headers.get('etag') ?? '';
    const again = await world.manager.get(`venues/${id}`, { 'if-none-match': etag });
    expect(again.status).toBe(200);
    const changed = await world.manager.patch(`venues/${id}`, { bookable: 2 }, { 'if-match': etag });
    expect(changed.status).toBe(200);
    const other = await world.manager.upload(photos, jpeg);
    const photo = `${photos}/${other.body.id}`;
    const shown = (await world.manager.get(photo)).headers.get('etag') ?? '';
    expect(shown).toBe(other.headers.get('etag'));
    expect((await world.manager.delete(photo, { 'if-match': etag })).status).toBe(412);
    const primary = await world.manager.put(`${photo}/primary`, {}, { 'if-match': shown });
    expect((await world.manager.delete(photo, { 'if-match': primary.headers.get('etag') ?? '' })).status).toBe(204);
  });

  test('without the etag the same uploads pass the limit', async () => {
    const { world, id } = album();
    const scope = world.scope();
    const picture = (name: string): Picture => ({
      id: name,
      path: name,
      thumbnailPath: name,
      contentType: 'image/jpeg',
      width: 1,
      height: 1,
      size: 1,
    });
    for (let at = 0; at < 19; at += 1) {
      await scope.of(venues).execute(id, (state) => addPhoto(state, picture(`p${at}`)));
    }
    // Two uploads that decide on what they read before either committed.
    const { state } = await scope.of(venues).get(id);
    const decided = ['late', 'later'].map((name) => addPhoto(state, picture(name)));
    for (const facts of decided) await scope.of(venues).execute(id, () => facts);
    expect((await scope.of(venues).get(id)).state.photos).toHaveLength(21);
  });

  test('are for those to change who may write venues', async () => {
    const { world, photos, jpeg } = album();
    expect((await world.as('viewer').upload(photos, jpeg)).status).toBe(403);
    expect((await world.as('viewer').get(photos)).status).toBe(200);
  });
});
