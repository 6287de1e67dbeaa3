/** Servers of tests: each on a port of this machine that is free. */
import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';

/** Has a server listen; `origin` is that of HTTP. */
export async function onFreePort(server: Server): Promise<{ readonly port: number; readonly origin: string }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, origin: `http://127.0.0.1:${port}` };
}

/** Closes a server of HTTP, whoever is still connected. */
export async function closed(server: HttpServer): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
