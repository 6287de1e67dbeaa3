/** Runs in Azurite's process before it: makes it end with its parent, and spares it what it never uses here. */
import Module from 'node:module';

/** The store of metadata in SQL, and the telemetry: half of the time that Azurite takes to load. */
const UNUSED = new Set(['sequelize', 'applicationinsights']);
const CLOSES_WITHIN_MS = 5_000;

/** Classes by any name, enough to be extended and never called. */
const empty = new Proxy({}, { get: () => class {} });
const { require: original } = Module.prototype;
Module.prototype.require = function (id) {
  return UNUSED.has(id) ? empty : Reflect.apply(original, this, [id]);
};

// However the parent went, the channel to it closes; no orphan shall keep the port and the folder.
process.once('disconnect', () => {
  if (!process.emit('SIGTERM')) process.exit();
  setTimeout(() => process.exit(), CLOSES_WITHIN_MS).unref();
});
