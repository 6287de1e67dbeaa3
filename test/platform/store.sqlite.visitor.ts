/** A process that enters and leaves the folder of a file's names, many times. */
import { enter } from '../../shared/platform/store.sqlite.presence.ts';

const [, , file = '', times = '0'] = process.argv;
for (let n = 0; n < Number(times); n += 1) enter(file, `${process.pid}-${n}`).leave();
