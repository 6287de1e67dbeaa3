/** What the local Web PubSub endpoint bounds, so that no client can make it hold more than so much. */
import { MINUTE, SECOND } from '../../shared/platform/clock.ts';

export interface Limits {
  /** Most bytes of a message, from a client or through REST; the service's own limit. */
  readonly message: number;
  /** Most bytes that wait in a socket, or for a client's acknowledgement; beyond it the client is too slow and dropped. */
  readonly buffered: number;
  /** Most messages that wait for a client's acknowledgement. */
  readonly unacknowledged: number;
  readonly connectionsPerUser: number;
  readonly connections: number;
  /** Milliseconds for which a reliable connection whose socket broke can be taken up again. */
  readonly recoverable: number;
  /** Milliseconds between pings; a socket that did not answer the one before is dead. */
  readonly heartbeat: number;
  /** Milliseconds that a client gets to answer the closing of its socket. */
  readonly farewell: number;
}

export const LIMITS: Limits = {
  message: 1024 * 1024,
  buffered: 4 * 1024 * 1024,
  unacknowledged: 10_000,
  connectionsPerUser: 256,
  connections: 10_000,
  recoverable: MINUTE,
  heartbeat: 30 * SECOND,
  farewell: SECOND,
};
