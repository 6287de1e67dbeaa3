/** Removes blobs that no document names, once a day. */
import { customerBlobs } from '../../shared/customers/photo.ts';
import { damageBlobs } from '../../shared/damage/commands.ts';
import { equipmentBlobs } from '../../shared/equipment/photos.ts';
import { userBlobs } from '../../shared/identity/avatars.ts';
import { type BlobOwner, sweepOrphans } from '../../shared/platform/orphans.ts';
import { timer } from '../../shared/platform/reaction.ts';
import { venueBlobs } from '../../shared/venues/photos.ts';

/** Whoever stores pictures says here whose they are: what is in other folders is left alone. */
export const blobOwners: readonly BlobOwner[] = [customerBlobs, venueBlobs, userBlobs, equipmentBlobs, damageBlobs];

export const orphanBlobs = timer({
  name: 'orphan-blobs',
  schedule: '0 40 2 * * *',
  async handle(scope) {
    const { removed, unknown } = await sweepOrphans(scope, blobOwners, (orgId) => scope.inOrganization(orgId));
    const { log } = scope.platform;
    if (removed > 0) log.info({ removed }, 'blobs that nothing names removed');
    if (unknown.length > 0) log.warn({ folders: unknown }, 'blobs that nobody answers for are left alone');
  },
});
