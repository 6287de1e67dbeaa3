/** Blobs on Azure Blob Storage, or on Azurite through the very same protocol. The SDK is loaded on first use. */
import type {
  BlobSASSignatureValues,
  ContainerClient,
  ContainerListBlobFlatSegmentResponse,
  UserDelegationKey,
} from '@azure/storage-blob';
import type { Blobs, KeptBlob } from './blobs.ts';
import type { Clock } from './clock.ts';
import { DAY, HOUR, instantOf, later, MINUTE, SECOND } from './clock.ts';
import { once } from './once.ts';
import { callsTo, statusOf } from './service.azure.ts';

interface BlobOptions {
  /** With an account key (Azurite, development). */
  readonly connectionString?: string | undefined;
  /** `https://<account>.blob.core.windows.net`, reached by the managed identity. */
  readonly accountUrl?: string | undefined;
  readonly clock: Clock;
  /** Milliseconds that a call may take, all its tries together; 30 s. */
  readonly patience?: number;
}

/** The account key signs links, or a user delegation key that Azure hands to our identity. */
type Signer = (path: string, expiresOn: Date) => Promise<string>;
interface Opened {
  readonly container: ContainerClient;
  readonly sign: Signer;
}

const TRIES = { maxTries: 3, retryDelayInMs: 100, maxRetryDelayInMs: 2 * SECOND };
const PATIENCE = 30 * SECOND;
const CONTAINER = 'pictures';
/** Of a listing. */
const PAGE = 500;
const PING_WITHIN = 3 * SECOND;
/** How long a link works (REQ-VEN-014). */
const LINK = 15 * MINUTE;
const available = callsTo('Pictures');

/**
 * The blob port. The container is made private when it is missing. Faults that outlast three tries, and silence that
 * outlasts `patience`, are answered as `unavailable`.
 */
export function openBlobs(options: BlobOptions): Blobs {
  const { patience = PATIENCE } = options;
  /** The service's own time limits bind a service that works: the SDK waits for one that says nothing for ever. */
  const within = () => ({ abortSignal: AbortSignal.timeout(patience) });
  const opened = once(() => open(options, within));
  const ready = once(async () => {
    const { container } = await opened();
    await container.createIfNotExists(within());
    return container;
  });
  return {
    put: (path, bytes, contentType) =>
      available(async () => {
        const blob = (await ready()).getBlockBlobClient(path);
        const blobHTTPHeaders = { blobContentType: contentType, blobCacheControl: 'private, max-age=900' };
        await blob.uploadData(bytes, { blobHTTPHeaders, ...within() });
      }),
    remove: (path, version) =>
      available(async () => {
        const conditions = version === undefined ? {} : { conditions: { ifMatch: version } };
        const gone = (await ready()).deleteBlob(path, { deleteSnapshots: 'include', ...conditions, ...within() });
        await gone.catch((error: unknown) => {
          const status = statusOf(error);
          if (status !== 404 && !(status === 412 && version !== undefined)) throw error;
        });
      }),
    async *list(prefix = '') {
      const container = await available(ready);
      for (let from: { readonly continuationToken?: string } | undefined = {}; from; ) {
        const pages = container.listBlobsFlat({ prefix, ...within() }).byPage({ maxPageSize: PAGE, ...from });
        const { done, value } = await available(() => pages.next());
        if (done) return;
        const { segment, continuationToken } = value as ContainerListBlobFlatSegmentResponse;
        from = continuationToken ? { continuationToken } : undefined;
        yield segment.blobItems.map(
          ({ name, properties: { lastModified, etag } }): KeptBlob => ({
            path: name,
            modifiedAt: instantOf(lastModified.getTime()),
            version: etag,
          }),
        );
      }
    },
    link: (path) =>
      available(async () => {
        const { container, sign } = await opened();
        const signature = await sign(path, new Date(later(options.clock.now(), LINK)));
        return `${container.getBlobClient(path).url}?${signature}`;
      }),
    ping: () =>
      available(async () => {
        const { container } = await opened();
        await container.exists({ abortSignal: AbortSignal.timeout(PING_WITHIN) });
      }),
  };
}

async function open(options: BlobOptions, within: () => { abortSignal: AbortSignal }): Promise<Opened> {
  const sdk = await import('@azure/storage-blob');
  const client = { retryOptions: TRIES };
  if (options.connectionString) {
    const service = sdk.BlobServiceClient.fromConnectionString(options.connectionString, client);
    const { credential } = service;
    if (!(credential instanceof sdk.StorageSharedKeyCredential)) {
      throw new Error('BLOB_CONNECTION must hold an account key');
    }
    const sign: Signer = async (path, expiresOn) =>
      sdk.generateBlobSASQueryParameters(reading(path, expiresOn), credential).toString();
    return { container: service.getContainerClient(CONTAINER), sign };
  }
  if (!options.accountUrl) throw new Error('Blobs need BLOB_CONNECTION or BLOB_ACCOUNT_URL');
  const { DefaultAzureCredential } = await import('@azure/identity');
  const service = new sdk.BlobServiceClient(options.accountUrl, new DefaultAzureCredential(), client);
  const key = delegationKey(options.clock, (from, until) => service.getUserDelegationKey(from, until, within()));
  const sign: Signer = async (path, expiresOn) =>
    sdk.generateBlobSASQueryParameters(reading(path, expiresOn), await key(), service.accountName).toString();
  return { container: service.getContainerClient(CONTAINER), sign };

  function reading(path: string, expiresOn: Date): BlobSASSignatureValues {
    const permissions = sdk.BlobSASPermissions.parse('r');
    return { containerName: CONTAINER, blobName: path, permissions, expiresOn };
  }
}

/** One key for a day, asked for anew an hour before it ends; asked once however many links need it. */
export function delegationKey(
  clock: Clock,
  ask: (from: Date, until: Date) => Promise<UserDelegationKey>,
): () => Promise<UserDelegationKey> {
  let held: { readonly key: Promise<UserDelegationKey>; readonly renewAt: string } | undefined;
  return () => {
    const now = clock.now();
    if (held && now < held.renewAt) return held.key;
    // From a little earlier, for clocks that differ.
    const key = ask(new Date(later(now, -5 * MINUTE)), new Date(later(now, DAY)));
    held = { key, renewAt: later(now, DAY - HOUR) };
    key.catch(() => {
      held = undefined;
    });
    return key;
  };
}
