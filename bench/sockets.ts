/** How long it takes from a commit to the socket of who is told of it (issue 3), in one process with its clients. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { startLocal } from '../infra/local/compose.ts';
import { PLAIN } from '../infra/local/web-pubsub-frames.ts';
import { addUser } from '../shared/identity/accounts.ts';
import { openSession } from '../shared/identity/sessions.ts';
import { announce } from '../shared/notifications/announcing.ts';
import { type Actor, systemActor } from '../shared/platform/actor.ts';
import { readConfig } from '../shared/platform/config.ts';
import type { Fact } from '../shared/platform/facts.ts';
import { FACT_KIND, factOf } from '../shared/platform/facts.ts';
import { openLog } from '../shared/platform/log.pino.ts';
import { type Platform, scopeOf } from '../shared/platform/scope.ts';
import type { Store } from '../shared/platform/store.ts';
import { environment } from './host.ts';
import { quick } from './options.ts';

export const COMMIT_TO_SOCKET = 'commit to socket';
const A_SECOND = 100;
const SECONDS = quick ? 3 : 20;
/** Who is told of something, in turn; and sockets that are open beside theirs. */
const PEOPLE = 20;
const IDLE = 180;
/** Most milliseconds at p95. */
const FLOOR = 100;
const FACT = 'NotificationAnnounced';

/** A session of a user made for this; sockets are let in for those alone who are signed in. */
async function someone(platform: Platform, orgId: string): Promise<Pick<Actor, 'orgId' | 'userId' | 'sessionId'>> {
  const scope = scopeOf(platform, { actor: systemActor(orgId), correlationId: 'bench' });
  const username = `${scope.newId()}@bench.example`;
  const userId = await addUser(scope, { username, displayName: 'Somebody', roles: ['staff'], password: username });
  const session = { id: scope.newId(), userId, epoch: 0, rememberMe: false, address: '', userAgent: 'bench' };
  await openSession(scope, session);
  return { orgId, userId, sessionId: session.id };
}

async function connected(url: string, onTold: (title: string) => void): Promise<WebSocket> {
  const socket = new WebSocket(url, PLAIN);
  socket.on('message', (text) => {
    const frame = JSON.parse(text.toString()) as { type: string; data?: { type: string; data: { title: string } } };
    if (frame.type === 'message' && frame.data?.type === 'notification') onTold(frame.data.data.title);
  });
  await new Promise<void>((open, failed) => socket.once('open', open).once('error', failed));
  return socket;
}

/** A store that notes when it had committed an announcement, by its title. */
function noting(store: Store, committed: Map<string, number>): Store {
  return {
    ...store,
    async commit(container, partition, writes) {
      const etags = await store.commit(container, partition, writes);
      for (const write of writes) {
        if (write.op === 'delete' || write.document.kind !== FACT_KIND) continue;
        const fact: Fact = factOf(write.document);
        const { content } = fact.data as { readonly content?: { readonly title: string } };
        if (fact.type === FACT && content) committed.set(content.title, performance.now());
      }
      return etags;
    },
  };
}

/** 100 commits a second; one line with what was measured. */
export async function commitToSocket(folder: string, orgId: string): Promise<string> {
  const committed = new Map<string, number>();
  const people: string[] = [];
  const local = await startLocal({
    config: readConfig({ ...environment(folder), PORT: '0' }),
    log: openLog('silent'),
    timers: false,
    watch: (store) => noting(store, committed),
  });
  const { platform } = local;
  const times: number[] = [];
  const sockets: WebSocket[] = [];
  for (let n = 0; n < PEOPLE + 1; n += 1) {
    const person = await someone(platform, orgId);
    const { url } = await platform.realtime.negotiate(person);
    if (n < PEOPLE) {
      people.push(person.userId);
      const told = (title: string) => {
        const at = committed.get(title);
        if (at !== undefined) times.push(performance.now() - at);
      };
      sockets.push(await connected(url, told));
    } else for (let idle = 0; idle < IDLE; idle += 1) sockets.push(await connected(url, () => {}));
  }
  const make = (n: number) => {
    const scope = scopeOf(platform, { actor: systemActor(orgId), correlationId: 'bench' });
    const userIds = [people[n % PEOPLE] ?? ''];
    const content = { type: 'info', category: 'system', priority: 'low', message: 'The van is here' } as const;
    return announce(scope, { userIds, ...content, title: `Told ${n}` }, []);
  };
  const warmUp = A_SECOND;
  const total = warmUp + A_SECOND * SECONDS;
  const since = performance.now();
  const making: Promise<unknown>[] = [];
  for (let n = 0; n < total; n += 1) {
    await sleep(Math.max(0, since + (n * 1000) / A_SECOND - performance.now()));
    making.push(make(n));
  }
  await Promise.all(making);
  for (let waited = 0; times.length < total && waited < 10_000; waited += 50) await sleep(50);
  const lost = total - times.length;
  const measured = times.slice(warmUp).sort((one, other) => one - other);
  const [p50 = 0, p95 = 0] = [0.5, 0.95].map((share) => measured[Math.floor(measured.length * share)]);
  for (const socket of sockets) socket.terminate();
  await local.close();
  const verdict = lost > 0 ? `${lost} LOST` : p95 > FLOOR ? `p95 over ${FLOOR} ms` : 'yes';
  return `\nFrom ${COMMIT_TO_SOCKET}, ${A_SECOND} commits a second, ${sockets.length} sockets: p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms (floor ${FLOOR} ms met: ${verdict})`;
}
