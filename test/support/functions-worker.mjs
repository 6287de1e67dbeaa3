/**
 * Plays the Azure Functions worker for a built app: answers its `require('@azure/functions-core')`, loads the entry, and
 * says as a line of JSON what was registered. `node functions-worker.mjs <entry>`
 */
import Module from 'node:module';
import { pathToFileURL } from 'node:url';

const registered = [];
const disposable = { dispose() {} };
const core = {
  version: '0.0.0',
  hostVersion: '4.1037.0',
  log() {},
  setProgrammingModel() {},
  registerHook: () => disposable,
  registerFunction({ name, bindings }) {
    registered.push({ name, trigger: Object.values(bindings).find(({ type }) => type.endsWith('Trigger')) });
    return disposable;
  },
};
const { require: original } = Module.prototype;
Module.prototype.require = function (id) {
  return id === '@azure/functions-core' ? core : Reflect.apply(original, this, [id]);
};

await import(pathToFileURL(process.argv[2]).href);
process.stdout.write(`\n${JSON.stringify(registered)}\n`, () => process.exit());
