/**
 * The Functions worker in this process, around the real `@azure/functions`: it answers `@azure/functions-core`, and calls
 * what was registered with what the host sends over the wire. Load it before `@azure/functions`.
 */
import Module from 'node:module';
import { z } from 'zod';

interface Registered {
  readonly name: string;
  readonly bindings: Readonly<Record<string, { readonly type: string }>>;
  readonly callback: unknown;
}

/** Typed data as the host sends it: a message's text comes as `string`, each property of its metadata as `json`. */
type RpcData = { readonly string: string } | { readonly json: string };

interface Model {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: unknown): Promise<unknown>;
}

const Metadata = z.looseObject({
  name: z.string(),
  bindings: z.record(z.string(), z.looseObject({ type: z.string() })),
});
const registered = new Map<string, Registered>();
let programmingModel: { getInvocationModel(context: object): Model } | undefined;

const disposable = { dispose() {} };
const core = {
  version: '3.12.0',
  hostVersion: '4.1040.0',
  log() {},
  registerHook: () => disposable,
  setProgrammingModel(model: typeof programmingModel) {
    programmingModel = model;
  },
  registerFunction(metadata: unknown, callback: unknown) {
    const { name, bindings } = Metadata.parse(metadata);
    registered.set(name, { name, bindings, callback });
    return disposable;
  },
};
const { require: original } = Module.prototype;
Module.prototype.require = Object.assign(function require(this: NodeJS.Module, id: string) {
  return id === '@azure/functions-core' ? core : Reflect.apply(original, this, [id]);
}, original);

/** Calls a Service Bus function as the host does: the message's body as text, what else it says as metadata. */
export async function deliver(name: string, text: string, metadata: Readonly<Record<string, unknown>>): Promise<void> {
  const found = registered.get(name);
  if (!found || !programmingModel) throw new Error(`There is no function "${name}"`);
  const [binding = ''] = Object.keys(found.bindings);
  const sent = Object.entries(metadata).map(([key, value]): [string, RpcData] => [
    key,
    { json: JSON.stringify(value) },
  ]);
  const model = programmingModel.getInvocationModel({
    invocationId: 'an-invocation',
    metadata: { name, bindings: found.bindings },
    request: { inputData: [{ name: binding, data: { string: text } }], triggerMetadata: Object.fromEntries(sent) },
    log() {},
  });
  const { context, inputs } = await model.getArguments();
  await model.invokeFunction(context, inputs, found.callback);
}
