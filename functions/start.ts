/** All of the app behind the entry: what is declared, registered with Azure Functions. */
import type { app } from '@azure/functions';
import { type Config, hasBus } from '../shared/platform/config.ts';
import type { Log } from '../shared/platform/log.ts';
import { lazily, openRunning } from './platform.ts';
import { type Running, register } from './register.ts';
import * as declared from './registry.ts';

/** Registers everything; the triggers work with what the first of them opens. */
export function start(azure: typeof app, config: Config, development: boolean, log: Log): void {
  const problems: string[] = [];
  let opened: Running | undefined;
  const running = lazily(async () => {
    opened = await openRunning(config, declared.routes, development, problems);
    return opened;
  });
  azure.hook.appTerminate(async () => opened?.platform.telemetry?.stop());
  problems.push(
    ...register(azure, declared, {
      running,
      database: config.COSMOS_DATABASE,
      topic: config.SERVICE_BUS_TOPIC,
      feeds: config.COSMOS_ENDPOINT !== undefined && hasBus(config),
      log,
    }),
  );
}
