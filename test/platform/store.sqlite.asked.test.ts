/** When the file is asked for its last write before what is known of its documents is taken for true (docs/adr/0003). */
import { stat } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Latest } from '../../shared/platform/store.sqlite.latest.ts';
import { latestOf } from '../../shared/platform/store.sqlite.latest.ts';
import { recentChanges } from '../../shared/platform/store.sqlite.recent.ts';

const row = (seq: number) => ({ n: seq, seq, expiresAt: null });
const document = { id: 'a', kind: 'claim', body: null };
/** What a commit makes of a document. */
const moved = (seq: number) => ({ ...row(seq), document, size: 2, again: true });

/** The file as it is, and how often it was asked. */
let file: { seq: number; mine: boolean; down: boolean; looks: number };
let now: number;
/** Who else is there: until when nobody is. */
let quietUntil: () => number;
let kept: number[];
let dropped: number[];
let latest: Latest;
beforeEach(() => {
  file = { seq: 7, mine: false, down: false, looks: 0 };
  now = 0;
  quietUntil = () => 0;
  kept = [];
  dropped = [];
  latest = latestOf({
    seqOf() {
      file.looks += 1;
      if (file.down) throw new Error('The store cannot answer');
      return file.seq;
    },
    isMine: () => file.mine,
    written: (seq) => kept.push(seq),
    recent: recentChanges(),
    replaced: (seq) => dropped.push(seq),
    quietUntil: () => quietUntil(),
    ticks: () => now,
  });
});

describe('what is known is asked for', () => {
  test('anew after a quarter of a millisecond', () => {
    expect(latest.find('a')).toBeUndefined();
    latest.learn('a', row(7));
    now = 0.2;
    expect([latest.find('a'), latest.find('b')]).toEqual([row(7), undefined]);
    expect(file.looks).toBe(1);
    now = 0.3;
    expect(latest.find('a')).toEqual(row(7));
    expect(file.looks).toBe(2);
  });

  test('anew by what a message brings about', async () => {
    const ticking = latestOf({
      seqOf: () => file.seq,
      isMine: () => false,
      written: () => undefined,
      recent: recentChanges(),
      replaced: () => undefined,
      quietUntil: () => 0,
      ticks: () => performance.now(),
    });
    await new Promise(setImmediate);
    ticking.find('a');
    ticking.learn('a', row(7));
    // Another process writes and says so, while this one is busy in the same turn.
    file.seq = 8;
    const message = new Promise((heard) => stat('.', heard));
    for (const until = performance.now() + 30; performance.now() < until; );
    await message;
    expect(ticking.find('a')).toBeUndefined();
  });

  test('with each look for others while nobody is there, and after any other read', () => {
    quietUntil = () => 50;
    latest.find('a');
    for (now = 1; now <= 50; now += 1) latest.find('a');
    expect(file.looks).toBe(1);
    now = 50.1;
    latest.find('a');
    expect(file.looks).toBe(2);
    latest.doubt();
    latest.find('a');
    expect(file.looks).toBe(3);
  });

  test('after that look: what one has written that left while it was looked for is not missed', () => {
    latest.find('a');
    latest.learn('a', row(7));
    expect(latest.find('a')?.seq).toBe(7);
    quietUntil = () => {
      file.seq = 8;
      return now + 50;
    };
    now = 1;
    expect(latest.find('a')).toBeUndefined();
  });

  test('again after a look at the file that failed', () => {
    quietUntil = () => now + 50;
    latest.find('a');
    latest.learn('a', row(7));
    // Another process has written and left.
    file.seq = 8;
    now = 51;
    file.down = true;
    expect(() => latest.find('a')).toThrow('cannot answer');
    file.down = false;
    expect(latest.find('a')).toBeUndefined();
  });
});

describe('a commit', () => {
  beforeEach(() => {
    latest.begin(7);
    latest.move('a', moved(8));
    latest.expect(8);
  });

  test('of this process is known as soon as the file shows it, and not before', () => {
    file.mine = true;
    expect(latest.find('a')).toBeUndefined();
    file.seq = 8;
    now += 1;
    expect(latest.find('a')).toEqual(row(8));
    // Another process was quicker than the news of our own commit.
    file = { ...file, seq: 9, mine: false };
    now += 1;
    expect(latest.find('a')).toBeUndefined();
    latest.landed();
    expect(latest.find('a')).toBeUndefined();
  });

  test('of another process with the numbers of one that was lost is not taken for it', () => {
    // The disk was full, the engine has let go of the lock, and this thread is not told yet.
    file.seq = 8;
    expect(latest.find('a')).toBeUndefined();
    latest.lost();
    now += 1;
    expect(latest.find('a')).toBeUndefined();
    expect(kept).toEqual([]);
  });
});

describe('of two commits on their way', () => {
  beforeEach(() => {
    latest.find('c');
    latest.learn('c', row(7));
    latest.begin(7);
    latest.move('a', moved(8));
    latest.expect(8);
    latest.follow(8);
    latest.move('a', moved(9));
    latest.move('b', moved(10));
    latest.expect(10);
    file.mine = true;
    now = 1;
  });
  const found = () => ['a', 'b', 'c'].map((key) => latest.find(key)?.seq);

  test('the second goes on from what the first will leave', () => {
    expect(latest.inside('a')?.found?.seq).toBe(9);
    expect(latest.inside('c')?.found?.seq).toBe(7);
  });

  test('each is known as soon as the file shows it, and the first does not show the second', () => {
    expect(found()).toEqual([undefined, undefined, 7]);
    file.seq = 8;
    now = 2;
    expect(found()).toEqual([8, undefined, 7]);
    latest.landed();
    expect(found()).toEqual([8, undefined, 7]);
    expect(dropped).toEqual([]);
    file.seq = 10;
    latest.landed();
    expect(found()).toEqual([9, 10, 7]);
    // What nobody will ask for any more is not kept.
    expect(dropped).toEqual([8]);
  });

  test('both are known when the file shows the second, before anybody is told of the first', () => {
    file.seq = 10;
    expect(found()).toEqual([9, 10, 7]);
    latest.landed();
    latest.landed();
    expect(found()).toEqual([9, 10, 7]);
  });

  test('one after the other is known, and what is older with them, before anybody is told of either', () => {
    file.seq = 8;
    expect(found()).toEqual([8, undefined, 7]);
    file.seq = 10;
    now = 2;
    expect(found()).toEqual([9, 10, 7]);
  });

  test('nothing is known of a third that is not sent', () => {
    latest.follow(10);
    latest.move('d', moved(11));
    file.seq = 10;
    expect(found()).toEqual([9, 10, 7]);
    expect(latest.find('d')).toBeUndefined();
  });
});
