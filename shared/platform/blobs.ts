/** The blob port (`blobs.azure.ts`: Azure Blob Storage there, Azurite here). Private; read through links that expire. */
export interface KeptBlob {
  readonly path: string;
  /** When it was last put. */
  readonly modifiedAt: string;
  /** Changes whenever it is put again. */
  readonly version: string;
}

export interface Blobs {
  /** Uploads whole; three tries on transient faults. `path`: `<orgId>/<kind>/<id>…`. */
  put(path: string, bytes: Uint8Array, contentType: string): Promise<void>;
  /** No error when it is not there. With a `version`: only while it is that one. */
  remove(path: string, version?: string): Promise<void>;
  /** All whose path begins so, by path, in pages of at most 500. */
  list(prefix?: string): AsyncIterable<readonly KeptBlob[]>;
  /** A read link that works for 15 minutes. Computed, no round trip. */
  link(path: string): Promise<string>;
  /** For readiness probes: throws when the service cannot answer. */
  ping(): Promise<void>;
}
