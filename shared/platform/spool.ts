/** Files on their way in: on disk as soon as they are not small, so that memory does not grow with how many there are. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomHex } from './clock.ts';

/** Up to so many bytes stay in memory. */
const SMALL = 64 * 1024;

export interface Spool {
  readonly size: number;
  /** One after another: the next once the one before is taken. */
  write(chunk: Uint8Array): Promise<void>;
  /** Whole, read anew each time. */
  read(): Promise<Uint8Array>;
  /** SHA-256 of what was written; asked for once, at the end. */
  digest(): Uint8Array;
  /** Nothing is left of it. */
  close(): Promise<void>;
}

export function spool(): Spool {
  const hash = createHash('sha256');
  let small: Uint8Array[] = [];
  let file: FileHandle | undefined;
  let size = 0;
  let closed = false;
  return {
    get size() {
      return size;
    },
    async write(chunk) {
      hash.update(chunk);
      size += chunk.byteLength;
      small.push(chunk);
      if (size <= SMALL) return;
      const waiting = small;
      small = [];
      file ??= await nameless();
      // Who sends it went away while it was opened.
      if (closed) return file.close();
      for (const bytes of waiting) await file.appendFile(bytes);
    },
    async read() {
      if (!file) return Buffer.concat(small);
      const bytes = Buffer.allocUnsafeSlow(size);
      for (let at = 0; at < size; ) {
        const { bytesRead } = await file.read(bytes, at, size - at, at);
        if (bytesRead === 0) throw new Error('A file on its way in was cut short on disk');
        at += bytesRead;
      }
      return bytes;
    },
    digest: () => hash.digest(),
    async close() {
      closed = true;
      small = [];
      await file?.close();
    },
  };
}

/** A file that goes with its handle, so that a crash leaves nothing behind. */
async function nameless(): Promise<FileHandle> {
  const path = join(tmpdir(), `marquee-${randomHex(32)}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}
