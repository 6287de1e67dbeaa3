/** The real-time port: messages to the sockets of one user. */
export interface Realtime {
  send(orgId: string, userId: string, message: { readonly type: string; readonly data: unknown }): Promise<void>;
}
