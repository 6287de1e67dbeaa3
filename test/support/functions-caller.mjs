/**
 * Loads a built app as the Azure Functions worker does and calls some of its functions with a GET request each; says as
 * lines what they answer: `<path> <status> <length of the body>`. `node functions-caller.mjs <entry> <name>=<path> …`
 */
import Module from 'node:module';
import { pathToFileURL } from 'node:url';

const handlers = new Map();
const disposable = { dispose() {} };
const core = {
  version: '0.0.0',
  hostVersion: '4.1037.0',
  log() {},
  setProgrammingModel() {},
  registerHook: () => disposable,
  registerFunction({ name }, handler) {
    handlers.set(name, handler);
    return disposable;
  },
};
const { require: original } = Module.prototype;
Module.prototype.require = function (id) {
  return id === '@azure/functions-core' ? core : Reflect.apply(original, this, [id]);
};

const [entry, ...calls] = process.argv.slice(2);
await import(pathToFileURL(entry).href);
for (const call of calls) {
  const [name, path] = call.split('=');
  const { status, body } = await handlers.get(name)(new Request(`https://marquee.example/api/${path}`));
  process.stdout.write(`${path} ${status} ${String(body).length}\n`);
}
process.exit();
