/**
 * Plays the Azure Functions worker for a built app: answers its `require('@azure/functions-core')`, loads the entry, and
 * says as a line of JSON what was registered and when. With a function and a path it then sends a GET through the worker's
 * own HTTP proxy, as the host does, and says when it was answered.
 *
 *     node functions-worker.mjs <entry> [<function> <path>]
 *
 * Times are milliseconds since the process started; `cpu` is the processor time up to the end of loading.
 */
import Module from 'node:module';
import { pathToFileURL } from 'node:url';

const [entry, name, path] = process.argv.slice(2);
const registered = [];
const callbacks = new Map();
let programmingModel;

const disposable = { dispose() {} };
const core = {
  version: '3.12.0',
  hostVersion: '4.1040.0',
  log() {},
  setProgrammingModel(model) {
    programmingModel = model;
  },
  registerHook: () => disposable,
  registerFunction(metadata, callback) {
    const trigger = Object.values(metadata.bindings).find(({ type }) => type.endsWith('Trigger'));
    registered.push({ name: metadata.name, trigger, retry: metadata.retryOptions });
    // The worker keeps functions by name: one that comes again takes the other's place without a word.
    callbacks.set(metadata.name, { metadata, callback });
    return disposable;
  },
};
const { require: original } = Module.prototype;
Module.prototype.require = function (id) {
  return id === '@azure/functions-core' ? core : Reflect.apply(original, this, [id]);
};

await import(pathToFileURL(entry).href);
const loaded = performance.now();
const { user, system } = process.cpuUsage();
const cpu = (user + system) / 1000;

/** A request as the host sends it: HTTP to the worker's proxy, and the call that goes with it by its id. */
async function answered() {
  const { HttpUri: origin } = await programmingModel.getCapabilities({});
  const invocationId = 'the-first';
  const forwarded = { 'x-forwarded-host': 'marquee.example', 'x-forwarded-proto': 'https' };
  const answer = fetch(new URL(path, origin), { headers: { 'x-ms-invocation-id': invocationId, ...forwarded } });
  const { metadata, callback } = callbacks.get(name);
  const [[binding]] = Object.entries(metadata.bindings);
  const request = { inputData: [{ name: binding, data: {} }], triggerMetadata: {} };
  const model = programmingModel.getInvocationModel({ invocationId, metadata, request, log() {} });
  const { context, inputs } = await model.getArguments();
  await model.getResponse(context, await model.invokeFunction(context, inputs, callback));
  const reply = await answer;
  const answeredAt = performance.now();
  return { status: reply.status, bytes: (await reply.arrayBuffer()).byteLength, answered: answeredAt };
}

const first = name === undefined ? {} : await answered();
process.stdout.write(`\n${JSON.stringify({ loaded, cpu, functions: registered, ...first })}\n`, () => {
  // Without a request the process ends by itself, unless an import has begun something.
  if (name !== undefined) process.exit();
});
