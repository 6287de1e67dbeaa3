/** The conflict engine's proofs on the embedded store, in a real file. */
import { testPlatform } from '../support/platform.ts';
import { concurrencySuite } from './concurrency.suite.ts';

concurrencySuite(() => testPlatform());
