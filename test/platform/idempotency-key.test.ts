import { describe, expect, test } from 'vitest';
import { oncePerKey } from '../../shared/platform/idempotency.ts';
import { servedThings } from '../support/things.ts';

const { platform, caller, callerIn } = servedThings();

describe('Idempotency-Key', () => {
  test('the first reply is kept and replayed, another body is refused', async () => {
    const call = caller();
    const first = await call('POST', 'things', { name: 'A' }, { 'idempotency-key': 'k1' });
    const again = await call('POST', 'things', { name: 'A' }, { 'idempotency-key': 'k1' });
    expect(again.status).toBe(201);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.json).toEqual(first.json);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    const other = await call('POST', 'things', { name: 'B' }, { 'idempotency-key': 'k1' });
    expect(other.status).toBe(422);
    expect(other.json.type).toBe('urn:marquee:problem:key_reused');
    const refused = await call('POST', 'things', { name: 'A' }, { 'idempotency-key': 'k2' });
    expect(refused.status).toBe(409);
    await call('DELETE', `things/${first.json.id}`);
    const kept = await call('POST', 'things', { name: 'A' }, { 'idempotency-key': 'k2' });
    expect(kept.status).toBe(409);
    expect(kept.headers.get('idempotency-replayed')).toBe('true');
  });

  test('simultaneous twins make one resource: the others replay it or hear that it is in progress', async () => {
    const call = caller();
    const twins = await Promise.all(
      Array.from({ length: 20 }, () => call('POST', 'things', { name: 'A' }, { 'idempotency-key': 'same' })),
    );
    const made = twins.filter(({ status }) => status === 201);
    expect(new Set(made.map(({ json }) => json.id)).size).toBe(1);
    for (const twin of twins) {
      if (twin.status !== 201) expect(twin.json.type).toBe('urn:marquee:problem:in_progress');
    }
    expect(((await call('GET', 'things')).json.data as unknown[]).length).toBe(1);
  });

  test('a key is its user’s own, is forgotten after 24 hours, and must have 1 to 255 characters', async () => {
    const ann = callerIn('orgK', 'ann-k');
    const bob = callerIn('orgK', 'bob-k');
    expect((await ann('POST', 'things', { name: 'A' }, { 'idempotency-key': 'k' })).status).toBe(201);
    expect((await bob('POST', 'things', { name: 'B' }, { 'idempotency-key': 'k' })).status).toBe(201);
    expect((await ann('POST', 'things', { name: 'C' }, { 'idempotency-key': 'x'.repeat(256) })).status).toBe(400);
    platform().clock.advance(24 * 3_600_000 + 1000);
    expect((await ann('POST', 'things', { name: 'C' }, { 'idempotency-key': 'k' })).status).toBe(201);
  });

  test('a request that was refused as invalid is kept like any other; its key is good for no other body', async () => {
    const call = caller();
    const key = { 'idempotency-key': 'bad' };
    const first = await call('POST', 'things', { nothing: 1 }, key);
    const again = await call('POST', 'things', { nothing: 1 }, key);
    expect([first.status, again.status]).toEqual([400, 400]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.json).toEqual(first.json);
    expect((await call('POST', 'things', { name: 'A' }, key)).status).toBe(422);
    expect((await call('POST', 'things', '{"name":', { 'idempotency-key': 'worse' })).status).toBe(400);
    expect((await call('POST', 'things', { name: 'A' }, { 'idempotency-key': 'worse' })).status).toBe(422);
    expect((await call('GET', 'things')).json.data).toEqual([]);
  });

  test('a reply that comes when a twin has taken the key over is still the reply', async () => {
    const slow = { key: 'slow', owner: 'u', target: '/api/x?', bytes: new Uint8Array(), secret: false, traceId: 't' };
    const reply = (body: string) => async () => ({ status: 201, headers: {}, body });
    const late = oncePerKey(platform().store, platform().clock, slow, async () => {
      platform().clock.advance(61_000);
      await oncePerKey(platform().store, platform().clock, slow, reply('the twin’s'));
      return { status: 201, headers: {}, body: 'its own' };
    });
    expect((await late).body).toBe('its own');
    const kept = await oncePerKey(platform().store, platform().clock, slow, reply('never'));
    expect(kept).toMatchObject({ body: 'the twin’s', headers: { 'idempotency-replayed': 'true' } });
  });

  test('a twin of one that runs long, or was cut off, is told when the key is free again', async () => {
    const long = { key: 'long', owner: 'u', target: '/api/x?', bytes: new Uint8Array(), secret: false, traceId: 't' };
    const done = async () => ({ status: 201, headers: {}, body: '' });
    const twin = () => oncePerKey(platform().store, platform().clock, long, done);
    await oncePerKey(platform().store, platform().clock, long, async () => {
      platform().clock.advance(2000);
      await expect(twin()).rejects.toMatchObject({ code: 'in_progress', extra: { retryAfter: 1 } });
      platform().clock.advance(18_000);
      const later = expect.stringMatching(/still running, or was cut off: .* in 40 s/);
      await expect(twin()).rejects.toMatchObject({ code: 'in_progress', message: later, extra: { retryAfter: 40 } });
      return done();
    });
  });
});
