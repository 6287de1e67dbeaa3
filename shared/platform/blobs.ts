/** The blob port (`blobs.azure.ts`: Azure Blob Storage there, Azurite here). Private; read through links that expire. */
export interface Blobs {
  /** Uploads whole; three tries on transient faults. `path`: `<orgId>/<kind>/<id>…`. */
  put(path: string, bytes: Uint8Array, contentType: string): Promise<void>;
  /** No error when it is not there. */
  remove(path: string): Promise<void>;
  /** A read link that works for 15 minutes. Computed, no round trip. */
  link(path: string): Promise<string>;
  /** For readiness probes: throws when the service cannot answer. */
  ping(): Promise<void>;
}
