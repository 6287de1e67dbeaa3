/**
 * `npm start`: installs what is missing and runs the whole system in this process. The script says `exec`, so that no
 * shell stands between npm and this process and keeps a signal to itself. Two arenas of glibc's allocator instead of
 * eight a processor: what many threads free in many arenas stays resident, a third of it all after a burst of pictures.
 * What is larger than a megabyte goes back to the system as soon as it is freed (`MALLOC_MMAP_THRESHOLD_`): 260 to 266 MB
 * after such a burst instead of 250 to 305. A gigabyte is more than is ever needed of the old heap; told so, the engine
 * lets garbage grow to six tenths of what lives instead of three times that. Threads for its own work
 * (`--v8-pool-size=0`) are as many as there are cores: on two, four of them kept each other and the writer waiting.
 * A shell that takes `MALLOC_ARENA_MAX=2` for a command (cmd, on Windows) fails at it, and runs the plain command at the
 * end of the script: then none of these settings apply.
 */
import { runEntry } from './bundle.mjs';
import { ensureInstalled } from './install.mjs';

const LOOK_EVERY_MS = 200;

await ensureInstalled();
if (process.env.npm_lifecycle_event === 'start') stopWithNpm();
await runEntry('infra/local/main.ts');

/** When npm is gone (killed, so that it could pass nothing on), this closes clean too and leaves no orphan on the port. */
function stopWithNpm() {
  const npm = process.ppid;
  const look = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(look);
    process.kill(process.pid, 'SIGTERM');
  }, LOOK_EVERY_MS);
  look.unref();
}
