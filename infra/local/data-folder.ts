import { existsSync } from 'node:fs';
import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, messageOf } from '../../shared/platform/errors.ts';

/** Makes the data folder; throws one clear `Error` when it cannot be made or written. */
export async function madeFolder(folder: string): Promise<void> {
  try {
    await make(folder);
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new Error(`DATA_DIR ${folder} cannot be written: ${messageOf(error)}. Set DATA_DIR to a folder that can.`);
  }
}

/** Parents first. Node's own `recursive` asks for ever where a folder can be looked up and not made, as in /proc. */
async function make(folder: string): Promise<void> {
  const parent = dirname(folder);
  if (parent !== folder && !existsSync(parent)) await make(parent);
  try {
    await mkdir(folder);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await stat(folder)).isDirectory()) throw error;
  }
}
