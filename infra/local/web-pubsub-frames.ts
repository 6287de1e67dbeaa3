/** What goes over a socket in `json.webpubsub.azure.v1` and its reliable sister. */
import { z } from 'zod';

export const PLAIN = 'json.webpubsub.azure.v1';
export const RELIABLE = 'json.reliable.webpubsub.azure.v1';

const ackId = z.int().min(0).nullish();
const group = z.string().min(1).max(1024);

/** JSON as it is, text, or bytes as base64. */
export interface Payload {
  readonly dataType: 'json' | 'text' | 'binary';
  readonly data?: unknown;
}

function fits({ dataType, data }: Payload): boolean {
  if (dataType === 'json') return true;
  return typeof data === 'string' && (dataType === 'text' || z.base64().safeParse(data).success);
}

const Frame = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ping') }),
  z.object({ type: z.literal('sequenceAck'), sequenceId: z.int().min(0) }),
  z.object({ type: z.enum(['joinGroup', 'leaveGroup']), group, ackId }),
  z
    .object({
      type: z.literal('sendToGroup'),
      group,
      ackId,
      noEcho: z.boolean().nullish(),
      dataType: z.enum(['json', 'text', 'binary']),
      data: z.unknown(),
    })
    .refine(fits),
  z.object({ type: z.literal('event'), event: z.string().min(1), ackId }),
]);
export type Frame = z.output<typeof Frame>;
/** What a client asks for; it is answered under its `ackId`. */
export type Request = Exclude<Frame, { type: 'ping' | 'sequenceAck' }>;

/** A client's frame; undefined for what is none. */
export function frameIn(text: string): Frame | undefined {
  try {
    return Frame.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** A message to clients without its opening brace, made once however many get it: a reliable one is numbered for each. */
export type Tail = string;

export function fromServer({ dataType, data }: Payload): Tail {
  return JSON.stringify({ type: 'message', from: 'server', dataType, data }).slice(1);
}

export function fromGroup(name: string, { dataType, data }: Payload, fromUserId?: string): Tail {
  const sender = fromUserId === undefined ? {} : { fromUserId };
  return JSON.stringify({ type: 'message', from: 'group', ...sender, group: name, dataType, data }).slice(1);
}

/** Error names that the service answers requests with. */
export type AckError = 'Forbidden' | 'Duplicate' | 'InternalServerError';
