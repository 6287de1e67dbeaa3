/** Blobs that no document names: what a crash between an upload and its commit leaves, and what deleted things had. */
import type { Aggregate } from './aggregate.ts';
import type { KeptBlob } from './blobs.ts';
import { DAY, later } from './clock.ts';
import type { ContainerName } from './containers.ts';
import type { Decided } from './facts.ts';
import type { Picture } from './pictures.ts';
import type { Scope } from './scope.ts';
import type { Json } from './store.ts';

/** Whose documents name the blobs of a folder: `<orgId>/<folder>/<id>/…` belongs to the document of that id. */
export interface BlobOwner {
  readonly folder: string;
  readonly container: ContainerName;
  readonly kind: string;
  /** Where the pictures of one go: the `path` of `storePicture`. */
  pathOf(id: string): string;
  /** The blobs that the body of a document names. */
  named(body: Json): readonly string[];
}

/** `pictures` are those a state names; only what its own document names belongs to it. */
export function blobOwner<S extends object, F extends Decided>(
  folder: string,
  { container, kind }: Aggregate<S, F>,
  pictures: (state: S) => readonly Pick<Picture, 'path' | 'thumbnailPath'>[],
): BlobOwner {
  return {
    folder,
    container,
    kind,
    pathOf: (id) => `${folder}/${id}`,
    named(body) {
      const { state } = body as unknown as { readonly state: S };
      return pictures(state).flatMap(({ path, thumbnailPath }) => [path, thumbnailPath]);
    },
  };
}

/** Younger ones may be named by a commit that is still to come: a request, or its retry, lasts no day. */
const LEFT_ALONE = DAY;

interface Group {
  readonly orgId: string;
  readonly folder: string;
  readonly blobs: KeptBlob[];
  readonly ids: Set<string>;
}

interface Swept {
  readonly removed: number;
  /** Folders that nobody says anything about; what is in them stays. */
  readonly unknown: readonly string[];
}

/**
 * Removes the blobs older than a day that no living document names. For a timer: harmless when run again. Costs a listing
 * in pages, and for each page one query for each organization and folder in it. A blob that is put again meanwhile stays.
 * `inOrganization` gives the scope to work in.
 */
export async function sweepOrphans(
  scope: Scope,
  owners: readonly BlobOwner[],
  inOrganization: (orgId: string) => Scope,
): Promise<Swept> {
  const { blobs } = scope.platform;
  const before = later(scope.now(), -LEFT_ALONE);
  const unknown = new Set<string>();
  let removed = 0;
  for await (const page of blobs.list()) {
    for (const group of grouped(page.filter(({ modifiedAt }) => modifiedAt < before))) {
      const owner = owners.find(({ folder }) => folder === group.folder);
      if (!owner) {
        unknown.add(group.folder);
        continue;
      }
      const named = await namedIn(inOrganization(group.orgId), owner, group.ids);
      for (const { path, version } of group.blobs.filter((blob) => !named.has(blob.path))) {
        await blobs.remove(path, version);
        removed += 1;
      }
    }
  }
  return { removed, unknown: [...unknown] };
}

function grouped(blobs: readonly KeptBlob[]): Iterable<Group> {
  const groups = new Map<string, Group>();
  for (const blob of blobs) {
    const [orgId = '', folder = '', id = ''] = blob.path.split('/');
    const key = `${orgId}/${folder}`;
    const group = groups.get(key) ?? { orgId, folder, blobs: [], ids: new Set() };
    groups.set(key, group);
    group.blobs.push(blob);
    group.ids.add(id);
  }
  return groups.values();
}

async function namedIn(scope: Scope, owner: BlobOwner, ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const { container, kind } = owner;
  const where = [{ path: 'id', in: [...ids] }];
  const { items } = await scope.documents(container).query({ kind, where, limit: ids.size });
  return new Set(items.flatMap(({ document }) => owner.named(document.body)));
}
