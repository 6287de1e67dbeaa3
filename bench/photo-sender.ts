/** Sends one photo again and again, from a thread of its own; tells how long each took, in milliseconds. */
import { parentPort, workerData } from 'node:worker_threads';

interface Sending {
  readonly url: string;
  readonly token: string;
  readonly photo: Uint8Array<ArrayBuffer>;
  readonly times: number;
}

const { url, token, photo, times } = workerData as Sending;
const took: number[] = [];
for (let n = 0; n < times; n += 1) {
  const form = new FormData();
  form.set('file', new Blob([photo]), 'photo.jpg');
  const startedAt = performance.now();
  const reply = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: form });
  const text = await reply.text();
  if (reply.status !== 201) throw new Error(`The photo was not taken: ${reply.status} ${text}`);
  took.push(performance.now() - startedAt);
}
parentPort?.postMessage(took);
