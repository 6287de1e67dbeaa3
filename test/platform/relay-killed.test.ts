import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startRelay } from '../../infra/local/relay.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { bellFacts, counted, countRings, hang, ORG, rings } from '../support/bells.ts';
import { type TestPlatform, testPlatform, testScope } from '../support/platform.ts';

const BELLS = ['a', 'b', 'c', 'd', 'e', 'f'];
const KILLS = 6;

let platform: TestPlatform;
let child: ChildProcess | undefined;

beforeEach(async () => {
  platform = await testPlatform({ at: systemClock.now() });
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await platform.close();
});

/** Starts a ringing and relaying process, lets it work for a moment, kills it; the rings it said were committed. */
async function rungUntilKilled(milliseconds: number): Promise<string[]> {
  const args = ['infra/local/cli/run.mjs', 'test/support/relay-child.ts', platform.folder, ...BELLS];
  const ringing = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child = ringing;
  let said = '';
  ringing.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await once(ringing.stdout, 'data');
  await sleep(milliseconds);
  ringing.kill('SIGKILL');
  await once(ringing, 'close');
  // The last line may be cut off.
  return said.split('\n').slice(0, -1);
}

test('after SIGKILLs in the middle of relaying every fact is delivered, in order, and no effect doubled', async () => {
  for (const id of BELLS) await hang(platform, id);
  const said: string[] = [];
  for (let kills = 0; kills < KILLS; kills += 1) said.push(...(await rungUntilKilled(20 + Math.random() * 250)));
  expect(said.length).toBeGreaterThan(KILLS * BELLS.length);

  const relay = startRelay({ platform, reactions: [countRings], folder: platform.folder });
  expect(await relay.drained(60_000)).toBe(true);
  await relay.stop();

  const facts = await bellFacts(platform);
  for (const id of BELLS) {
    const rung = facts.filter(({ subject, type }) => subject === id && type === 'BellRung').length;
    expect(rung).toBeGreaterThanOrEqual(said.filter((one) => one === id).length);
    expect(await counted(platform, id)).toEqual(rings(rung));
    const trail = testScope(platform, ORG).documents('audit', id);
    const { total } = await trail.query({ kind: 'fact', limit: 1, count: true });
    expect(total).toBe(facts.filter(({ subject }) => subject === id).length);
  }
}, 90_000);
