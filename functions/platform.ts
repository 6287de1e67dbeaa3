/** What the triggers work with, made once a worker, when the first of them runs. */
import { createAuthenticator } from '../shared/identity/authenticator.ts';
import { openKeys } from '../shared/identity/keys.ts';
import { openAzureParts } from '../shared/platform/compose.azure.ts';
import type { Config } from '../shared/platform/config.ts';
import { createPipeline } from '../shared/platform/pipeline.ts';
import type { Route } from '../shared/platform/route.ts';
import { dispatcher } from '../shared/platform/router.ts';
import type { Running } from './register.ts';

/** A failure is not remembered: the next trigger tries again. */
export function lazily(open: () => Promise<Running>): () => Promise<Running> {
  let opening: Promise<Running> | undefined;
  return () => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
}

/** Throws `BadConfiguration` when a setting is missing. */
export async function openRunning(
  config: Config,
  routes: readonly Route[],
  development: boolean,
  problems: readonly string[],
): Promise<Running> {
  const { platform, bus } = await openAzureParts(config, development);
  // What could not be registered keeps the app from being called ready.
  const registration = {
    name: 'registration',
    check: async () => {
      if (problems.length > 0) throw new Error(problems.join('; '));
    },
  };
  const whole = { ...platform, probes: [...platform.probes, registration] };
  const keys = await openKeys(config, config.DATA_DIR, platform.clock);
  const pipeline = createPipeline(whole, createAuthenticator(whole, keys));
  return { platform: whole, bus, dispatch: dispatcher(routes, pipeline) };
}
