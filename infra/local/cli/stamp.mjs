/** npm's postinstall: whoever installed, `npm start` and `npm test` need not install again. */
import { writeStamp } from './install.mjs';

await writeStamp();
