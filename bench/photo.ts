/** A photo of 10 MB: how long an upload takes, and how long at most it keeps the event loop from everybody else. */
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { startLocal } from '../infra/local/compose.ts';
import { readConfig } from '../shared/platform/config.ts';
import { openLog } from '../shared/platform/log.pino.ts';
import { clientOf, signedIn } from './client.ts';
import { bundled, environment } from './host.ts';

const MB = 1024 * 1024;
const LIMIT = 10 * MB;
const UPLOADS = 8;

/** A JPEG of 24 megapixels, as large as can be sent: noise, as finely kept as fits. */
async function photograph(): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 128, sigma: 50 } as const;
  const raw = await sharp({ create: { width: 6000, height: 4000, channels: 3, background: 'white', noise } })
    .blur(0.6)
    .png({ compressionLevel: 0 })
    .toBuffer();
  let best: Buffer | undefined;
  for (let quality = 95; best === undefined && quality > 20; quality -= 5) {
    const jpeg = await sharp(raw).jpeg({ quality }).toBuffer();
    if (jpeg.byteLength <= LIMIT) best = jpeg;
  }
  if (!best) throw new Error('No photo is small enough');
  return best;
}

interface Uploads {
  readonly megabytes: number;
  /** The median, in milliseconds. */
  readonly p50: number;
  readonly most: number;
  /** The longest that the loop of the host stood still, in milliseconds. */
  readonly blocked: number;
}

/** Over a host in this process, whose loop is watched; the sender has a thread of its own. */
export async function photos(folder: string): Promise<Uploads> {
  const photo = await photograph();
  const config = readConfig({ ...environment(folder), PORT: '0' });
  const local = await startLocal({ config, log: openLog('silent'), timers: false });
  try {
    const { origin } = local.host;
    const client = clientOf(origin);
    const token = await signedIn(client, 'small');
    const item = (await client.json(
      'POST',
      'equipment',
      {
        name: `Photographed ${Date.now()}`,
        category: 'other',
        purchaseDate: '2026-01-01',
        purchasePrice: { amount: 100, currency: 'USD' },
      },
      token,
    )) as { id: string };
    const sender = await bundled('bench/photo-sender.ts');
    const send = async (times: number): Promise<number[]> => {
      const url = `${origin}/api/equipment/${item.id}/photos`;
      const worker = new Worker(sender, { workerData: { url, token, photo: new Uint8Array(photo), times } });
      const [took] = (await once(worker, 'message')) as [number[]];
      return took;
    };
    // The first loads what pictures and blobs need.
    await send(1);
    const loop = monitorEventLoopDelay({ resolution: 5 });
    loop.enable();
    const took = (await send(UPLOADS)).sort((a, b) => a - b);
    loop.disable();
    const p50 = took[Math.floor(took.length / 2)] ?? 0;
    return { megabytes: photo.byteLength / MB, p50, most: took.at(-1) ?? 0, blocked: loop.max / 1e6 };
  } finally {
    await local.close();
  }
}
