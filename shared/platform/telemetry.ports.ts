/** The ports whose calls are spans: the same to whoever calls them. */
import type { Realtime } from './realtime.ts';
import type { Store } from './store.ts';
import type { Telemetry } from './telemetry.ts';

export function tracedStore(store: Store, telemetry: Telemetry | undefined): Store {
  if (!telemetry) return store;
  return {
    ...store,
    read: (container, partition, id) =>
      telemetry.storeCall('read', container, () => store.read(container, partition, id)),
    query: (container, partition, query) =>
      telemetry.storeCall('query', container, () => store.query(container, partition, query)),
    commit: (container, partition, writes) =>
      telemetry.storeCall('commit', container, () => store.commit(container, partition, writes)),
  };
}

export function tracedRealtime(realtime: Realtime, telemetry: Telemetry | undefined): Realtime {
  if (!telemetry) return realtime;
  return {
    ...realtime,
    send: (orgId, userId, message) => telemetry.sockets('send', () => realtime.send(orgId, userId, message)),
    sendToOrganization: (orgId, message) =>
      telemetry.sockets('send', () => realtime.sendToOrganization(orgId, message)),
    closeSession: (sessionId, reason) => telemetry.sockets('close', () => realtime.closeSession(sessionId, reason)),
    closeOthers: (orgId, userId, sessionIds, reason) =>
      telemetry.sockets('close', () => realtime.closeOthers(orgId, userId, sessionIds, reason)),
  };
}
