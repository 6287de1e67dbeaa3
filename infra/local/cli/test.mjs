/** `npm test [-- <files or vitest options>]` */
import { check } from './check.mjs';

await check(process.argv.slice(2));
