/** What Azure Functions loads: registers every route, reaction, timer and change feed. */
import { app } from '@azure/functions';
import { hasBus, NEEDED_ON_AZURE, readConfig } from '../shared/platform/config.ts';
import { openLog } from '../shared/platform/log.pino.ts';
import { type Running, register, registerRest } from './register.ts';

const log = openLog('warn');
app.setup({ enableHttpStream: true });
try {
  const development = process.env.AZURE_FUNCTIONS_ENVIRONMENT === 'Development';
  const config = readConfig(process.env, development ? [] : NEEDED_ON_AZURE);
  // Loaded here and not above, so that a slice which cannot be loaded is seen and answered for.
  const [declared, { lazily, openRunning }] = await Promise.all([import('./registry.ts'), import('./platform.ts')]);
  const problems: string[] = [];
  let opened: Running | undefined;
  const running = lazily(async () => {
    opened = await openRunning(config, declared.routes, development, problems);
    return opened;
  });
  app.hook.appTerminate(async () => opened?.platform.telemetry?.stop());
  problems.push(
    ...register(app, declared, {
      running,
      database: config.COSMOS_DATABASE,
      topic: config.SERVICE_BUS_TOPIC,
      feeds: config.COSMOS_ENDPOINT !== undefined && hasBus(config),
      log,
    }),
  );
} catch (error) {
  log.error({ err: error }, 'the app cannot be loaded');
  registerRest(app, () => Promise.reject(error), log);
}
