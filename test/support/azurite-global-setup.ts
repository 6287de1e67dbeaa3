/** One Azurite for the whole test run; a test finds it with `inject('azurite')`, the connection string. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startAzurite } from '../../infra/local/azurite.ts';

declare module 'vitest' {
  interface ProvidedContext {
    azurite: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'marquee-azurite-'));
  const azurite = await startAzurite({ folder });
  project.provide('azurite', azurite.connectionString);
  return async () => {
    await azurite.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
