/** A process of its own that starts Azurite, says its connection string and waits to be killed. */
import { startAzurite } from '../../infra/local/azurite.ts';

const [folder = ''] = process.argv.slice(2);
const { connectionString } = await startAzurite({ folder });
process.stdout.write(`${connectionString}\n`);
