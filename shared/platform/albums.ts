/** Albums: the photos of something, oldest first; where it is chosen, exactly one is primary. Pure. */
import type { Picture } from './pictures.ts';
import { notFound } from './refusal.ts';

export interface Album {
  /** Oldest first. */
  readonly photos: readonly Picture[];
  /** The oldest unless another is chosen. */
  readonly primaryPhotoId?: string;
}

/** Throws `not_found`. */
export function photoOf({ photos }: Album, photoId: string): Picture {
  const photo = photos.find(({ id }) => id === photoId);
  if (!photo) throw notFound('photo');
  return photo;
}

/** Whether it is in the album already: an upload that is tried again has the same id. */
export function holds({ photos }: Album, { id }: Pick<Picture, 'id'>): boolean {
  return photos.some((photo) => photo.id === id);
}

/** Exactly one photo is primary while there is any: when that one goes, the oldest of the others takes over. */
export function withPhotos<S extends Album>(state: S, photos: readonly Picture[]): S {
  const { primaryPhotoId, ...rest } = state;
  const primary = photos.find(({ id }) => id === primaryPhotoId) ?? photos[0];
  // The same record, but for its photos.
  return { ...rest, photos, ...(primary ? { primaryPhotoId: primary.id } : {}) } as S;
}

export function withoutPhoto<S extends Album>(state: S, photoId: string): S {
  return withPhotos(
    state,
    state.photos.filter(({ id }) => id !== photoId),
  );
}
