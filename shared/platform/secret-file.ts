/** Secrets in files that only their owner reads, made once however many processes start together. */
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from './errors.ts';
import { secretText } from './random.ts';

const OWNER_ONLY = 0o600;

/** Writes and syncs a file beside `path`; its name. */
async function drafted(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${secretText(8)}.tmp`;
  const handle = await open(draft, 'wx', OWNER_ONLY);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return draft;
}

/** The text of a file, or undefined when there is none. */
export async function readSecret(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The file's text; when there is none, `make` gives it. Of several processes at once one makes it and all read that. */
export async function readOrMakeSecret(path: string, make: () => Promise<string>): Promise<string> {
  const known = await readSecret(path);
  if (known !== undefined) return known;
  const draft = await drafted(path, await make());
  try {
    await link(draft, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(path, 'utf8');
}

/** Replaces the file as one step: readers see the old text or the new, never half of one. */
export async function replaceSecret(path: string, text: string): Promise<void> {
  await rename(await drafted(path, text), path);
}
