/** The real-time port (`realtime.azure.ts`: Azure Web PubSub there, an endpoint that speaks its protocol here). */
import type { Actor } from './actor.ts';

/** What a client gets, as JSON: `{ type: "notification", data }`, `{ type: "unread", data }`. */
export interface RealtimeMessage {
  readonly type: string;
  readonly data: unknown;
}

export interface ConnectedUser {
  readonly orgId: string;
  readonly userId: string;
}

/** Where to connect, and until when that address may be used. A socket that is open then stays open. */
export interface RealtimeAccess {
  /** `wss://…/client/hubs/notifications?access_token=…`, for `@azure/web-pubsub-client`. A secret. */
  readonly url: string;
  /** RFC 3339, to the second. */
  readonly expiresAt: string;
}

export interface Realtime {
  /**
   * Sends to every socket of a user, in the order of the calls in this process. A user who is not connected gets
   * nothing, and that is no error. Throws `unavailable` when the service cannot be reached.
   */
  send(orgId: string, userId: string, message: RealtimeMessage): Promise<void>;
  /** Sends to everybody of an organization who is connected. Throws `unavailable`. */
  sendToOrganization(orgId: string, message: RealtimeMessage): Promise<void>;
  /** A way in for a signed-in user: its own channel and its organization's, to listen only (REQ-NTF-010). */
  negotiate(actor: Pick<Actor, 'orgId' | 'userId' | 'sessionId'>): Promise<RealtimeAccess>;
  /** Closes the sockets of a session; none is no error. `reason` is shown to the client. Throws `unavailable`. */
  closeSession(sessionId: string, reason: string): Promise<void>;
  /** Closes a user's sockets but those of these sessions. Throws `unavailable`. */
  closeOthers(orgId: string, userId: string, sessionIds: readonly string[], reason: string): Promise<void>;
  /** Who is connected now, each once. Throws `unavailable`. */
  connected(): AsyncIterable<ConnectedUser>;
  /** For readiness probes: throws when the service cannot answer or does not know us. */
  ping(): Promise<void>;
}
