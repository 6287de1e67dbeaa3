/** Files on their way in: they wait on disk, so that many at once do not fill the memory. */
import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secretText } from './random.ts';

interface Spooled {
  /** Bytes. */
  readonly size: number;
  /** SHA-256, to tell it from another. */
  readonly digest: Uint8Array;
  /** The whole file, in memory from then on. */
  read(): Promise<Uint8Array>;
}

export interface Spool {
  /** Appends; calls need not wait for each other. */
  write(chunk: Uint8Array): void;
  /** Resolves when all that was given is on disk: who waits here sets the pace of who sends. */
  written(): Promise<void>;
  done(): Promise<Spooled>;
  /** Forgets the file; harmless when done again. */
  discard(): Promise<void>;
}

/** A new file that only this process reads. It has no name (where the system allows that), so a crash leaves none. */
export async function openSpool(): Promise<Spool> {
  const path = join(tmpdir(), `marquee-upload-${secretText(12)}`);
  const handle = await open(path, 'wx+', 0o600);
  // Windows keeps the name while the file is open.
  await rm(path, { force: true }).catch(() => undefined);
  const hash = createHash('sha256');
  let size = 0;
  let tail: Promise<unknown> = Promise.resolve();
  let isOpen = true;

  async function read(): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; ) {
      const { bytesRead } = await handle.read(bytes, at, size - at, at);
      if (bytesRead === 0) throw new Error('A received file is shorter than what was written');
      at += bytesRead;
    }
    return bytes;
  }

  return {
    write(chunk) {
      const at = size;
      size += chunk.byteLength;
      hash.update(chunk);
      tail = tail.then(() => handle.write(chunk, 0, chunk.byteLength, at));
      // Told to whoever waits; nobody may.
      tail.catch(() => undefined);
    },
    async written() {
      await tail;
    },
    async done() {
      await tail;
      return { size, digest: hash.digest(), read };
    },
    async discard() {
      if (!isOpen) return;
      isOpen = false;
      await tail.catch(() => undefined);
      await handle.close();
      await rm(path, { force: true });
    },
  };
}
