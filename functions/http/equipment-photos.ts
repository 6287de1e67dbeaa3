/** Photos of equipment (spec chapter 06). */
import { equipmentAlbum } from '../../shared/equipment/photos.ts';
import { makePrimary, removePhoto } from '../../shared/equipment/rules.ts';
import type { Route } from '../../shared/platform/route.ts';
import { photoRoutes } from './photos.ts';

export const equipmentPhotoRoutes: readonly Route[] = photoRoutes({
  of: 'equipment',
  param: 'equipmentId',
  tag: 'Equipment',
  album: equipmentAlbum,
  makePrimary,
  remove: removePhoto,
});
