/** What Azure Functions loads: registers every route, reaction, timer and change feed. */
import { app } from '@azure/functions';
import { NEEDED_ON_AZURE, readConfig } from '../shared/platform/config.ts';
import { openLog } from '../shared/platform/log.pino.ts';
import { registerRest } from './register.ts';

const log = openLog('warn');
app.setup({ enableHttpStream: true });
try {
  const development = process.env.AZURE_FUNCTIONS_ENVIRONMENT === 'Development';
  const config = readConfig(process.env, development ? [] : NEEDED_ON_AZURE);
  // Loaded here and not above, so that a slice which cannot be loaded is seen and answered for; and all of it at once,
  // since each module that is imported by itself becomes files of its own in the bundle.
  const { start } = await import('./start.ts');
  start(app, config, development, log);
} catch (error) {
  log.error({ err: error }, 'the app cannot be loaded');
  registerRest(app, () => Promise.reject(error), log);
}
