/**
 * Runs in Azurite's process before it. Makes it end with its parent, wait until no other Azurite has its folder, and keep
 * what it answers; spares it what it never uses here.
 */
import { ServerResponse } from 'node:http';
import Module from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';

/** The store of metadata in SQL, and the telemetry: half of the time that Azurite takes to load. */
const UNUSED = new Set(['sequelize', 'applicationinsights']);
const LOOK_EVERY_MS = 20;

// However the parent went, the channel to it closes; no orphan shall keep the port and the folder. Nothing is waited for:
// what was answered is saved, as below.
process.once('disconnect', () => process.exit());

/** Classes by any name, enough to be extended and never called. */
const empty = new Proxy({}, { get: () => class {} });
/** Those that Azurite opens: what it knows of blobs, and where their bytes lie. */
const databases = [];
const { require: original } = Module.prototype;
Module.prototype.require = function (id) {
  if (UNUSED.has(id)) return empty;
  const loaded = Reflect.apply(original, this, [id]);
  return id === 'lokijs' ? noted(loaded) : loaded;
};

function noted(Loki) {
  return class extends Loki {
    constructor(...given) {
      super(...given);
      databases.push(this);
    }
  };
}

// Azurite saves every five seconds and answers before. Here a write is answered when it is saved; those that come
// meanwhile share the next save. What cannot be saved is not answered.
const { end } = ServerResponse.prototype;
ServerResponse.prototype.end = function (...given) {
  const answer = () => Reflect.apply(end, this, given);
  if (this.req.method === 'GET' || this.req.method === 'HEAD') return answer();
  Promise.all(databases.map(saved)).then(answer, () => this.destroy());
  return this;
};

function saved(database) {
  return new Promise((resolve, reject) => {
    database.saveDatabase((error) => (error ? reject(error) : resolve()));
  });
}

// Locked until this process is gone: one that still ends would save over what its successor has saved.
const lock = new Database(join(process.argv[process.argv.indexOf('--location') + 1], 'azurite.lock'), { timeout: 0 });
while (!locked()) await sleep(LOOK_EVERY_MS);

function locked() {
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error.code?.startsWith('SQLITE_BUSY')) return false;
    throw error;
  }
}
