/** Cursors: opaque, for one query only, the same on every store. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cursorOf, placeOf } from '../../shared/platform/cursor.ts';
import type { Query } from '../../shared/platform/store.ts';
import { BadCursor } from '../../shared/platform/store.ts';

const query: Query = {
  kind: 'event',
  where: [{ path: 'listed', eq: true }],
  orderBy: [{ path: 'startsAt' }],
  limit: 20,
};
const types = ['text', 'number', 'boolean', 'text'] as const;
const place = fc.tuple(
  fc.string({ unit: 'grapheme' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.string(),
);

test('a place comes back as it went in, in text that is safe in an address', () => {
  fc.assert(
    fc.property(place, (values) => {
      const cursor = cursorOf('events', ['o1'], query, values);
      expect(cursor).toMatch(/^[\w-]+$/);
      const back = placeOf('events', ['o1'], { ...query, cursor, limit: 3, count: true }, types);
      expect(back).toEqual(values.map((value) => (value === 0 ? 0 : value)));
    }),
  );
});

test('no cursor is no place', () => {
  expect(placeOf('events', ['o1'], query, types)).toBeUndefined();
});

test('whatever else is sent as a cursor is refused as one, and nothing else happens', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.base64String(),
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
    fc.array(fc.jsonValue()).map((list) => Buffer.from(JSON.stringify(list)).toString('base64url')),
  );
  fc.assert(
    fc.property(texts, (cursor) => {
      expect(() => placeOf('events', ['o1'], { ...query, cursor }, types)).toThrow(BadCursor);
    }),
  );
});

test('one character changed, added or taken away spoils a cursor, or leaves a place of the same types', () => {
  const cursor = cursorOf('events', ['o1'], query, ['2026', 1, true, 'id']);
  fc.assert(
    fc.property(fc.nat(cursor.length - 1), fc.constantFrom('', 'A', 'z', '_', '-'), (at, other) => {
      const changed = `${cursor.slice(0, at)}${other}${cursor.slice(at + 1)}`;
      try {
        const back = placeOf('events', ['o1'], { ...query, cursor: changed }, types) ?? [];
        expect(back.map((value) => typeof value)).toEqual(['string', 'number', 'boolean', 'string']);
      } catch (error) {
        expect(error).toBeInstanceOf(BadCursor);
      }
    }),
  );
});

test('another container, partition, kind, filter or order is another query', () => {
  const cursor = cursorOf('events', ['o1'], query, ['2026', 1, true, 'id']);
  const good = () => placeOf('events', ['o1'], { ...query, cursor }, types);
  expect(good()).toBeDefined();
  expect(() => placeOf('venues', ['o1'], { ...query, cursor }, types)).toThrow(BadCursor);
  expect(() => placeOf('events', ['o2'], { ...query, cursor }, types)).toThrow(BadCursor);
  for (const other of [
    { kind: 'note' },
    { where: [] },
    { where: [{ path: 'listed', eq: false }] },
    { orderBy: [] },
    { orderBy: [{ path: 'startsAt', descending: true }] },
    { search: ['a'] },
  ]) {
    expect(() => placeOf('events', ['o1'], { ...query, ...other, cursor }, types)).toThrow(BadCursor);
  }
});
