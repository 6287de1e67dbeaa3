/**
 * Subscriptions of reactions that are gone. Provisioning takes none away, and one that nobody reads fills the topic until
 * it takes no more facts. They are named and not deleted: the last of their messages may still matter.
 */
import { z } from 'zod';
import type { Tokens } from './azd.ts';

const Page = z.object({ value: z.array(z.object({ name: z.string() })), nextLink: z.string().optional() });

interface Topic {
  /** Its resource id. */
  readonly id: string;
  readonly manager: string;
  readonly tokens: Tokens;
}

/** The names of the subscriptions that are not `declared`. */
export async function straySubscriptions(topic: Topic, declared: readonly string[]): Promise<string[]> {
  const strays: string[] = [];
  let next: string | undefined = `${topic.manager}${topic.id}/subscriptions?api-version=2024-01-01`;
  while (next !== undefined) {
    const reply: Response = await fetch(next, {
      headers: { authorization: `Bearer ${await topic.tokens(topic.manager)}` },
    });
    if (!reply.ok) throw new Error(`The subscriptions cannot be listed: the answer is ${reply.status}`);
    const { value, nextLink } = Page.parse(await reply.json());
    strays.push(...value.map(({ name }) => name).filter((name) => !declared.includes(name)));
    next = nextLink || undefined;
  }
  return strays;
}
