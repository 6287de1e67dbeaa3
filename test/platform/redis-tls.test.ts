/** Redis as Azure offers it: over TLS alone, to whoever shows a token. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeRedis, type RedisServer, startRedis } from '../support/redis.ts';

const run = promisify(execFile);
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const why = hasOpenssl ? '' : ' (SKIPPED: no openssl on PATH to make a certificate with)';

describeRedis('A Redis behind TLS', () => {
  describe.skipIf(!hasOpenssl)(`with a certificate of our own${why}`, () => {
    let folder: string;
    let server: RedisServer;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'marquee-tls-'));
      const made = [
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
      ];
      const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
      const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
      await run('openssl', ['req', '-x509', '-nodes', ...made, ...names, ...files]);
      server = await startRedis({ tls: folder });
      await server.run('ACL', 'SETUSER', 'identity', 'on', '>a-token', '~*', '&*', '+@all');
      await server.run('ACL', 'SETUSER', 'default', 'off');
    });
    afterAll(async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    });

    async function told(token: string, trusting: boolean): Promise<string[]> {
      const args = ['infra/local/cli/run.mjs', 'test/support/redis-child.ts', server.tlsUrl, 'identity', token];
      const trust = trusting ? { NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') } : {};
      const { stdout } = await run(process.execPath, args, { env: { PATH: process.env.PATH, ...trust } });
      return stdout.trim().split('\n');
    }

    test('is reached with a token, and not with another', async () => {
      expect(await told('a-token', true)).toEqual(['up']);
      expect(await told('another', true)).toEqual([expect.stringContaining('WRONGPASS'), 'away']);
    });

    test('is not spoken to when its certificate is not one to trust', async () => {
      expect(await told('a-token', false)).toEqual([expect.stringContaining('self-signed certificate'), 'away']);
    });
  });
});
