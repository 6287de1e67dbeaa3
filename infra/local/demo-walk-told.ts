/** Whom the walk of `npm run demo` told what: in the page, by mail and on a socket. */
import type { Crew, Telling } from './demo-walk-job.ts';
import { type Company, type Person, type Socket, until } from './demo-walk-people.ts';

interface Told {
  readonly title: string;
  readonly priority: string;
}

/** What managers hear of the job, beside the welcome that came before Mona listened. */
const MANAGERS_HEAR = [
  'waits for approval',
  'Not enough of Projector A',
  'Not enough of Uplighter',
  'is damaged',
  'needs replacing',
  'needs attention',
  'was retired',
];

/** Waits until everybody is told, prints it and checks it. */
export async function whoWasTold(company: Company, crew: Crew, socket: Socket, { step, line, check }: Telling) {
  step('Who was told what');
  const { manager, technician, warehouse, client, staff } = crew;
  const people: readonly Person[] = Object.values(crew);
  const said = new Map<Person, readonly Told[]>();
  const knows = (person: Person, words: string) =>
    said.get(person)?.some(({ title }) => title.includes(words)) ?? false;
  const live = () => socket.received.flatMap(({ type, data }) => (type === 'notification' ? [data.title ?? ''] : []));
  await until('Telling everybody', async () => {
    for (const person of people) {
      const { data } = await person.call<{ data: readonly Told[] }>('GET', 'notifications?limit=100');
      said.set(person, data);
    }
    const mails = await company.mails();
    const hears = (words: string) => knows(manager, words) && live().some((title) => title.includes(words));
    const mailed = mails.some(({ to, subject }) => to === manager.email && subject.includes('needs attention'));
    const others = knows(technician, 'needs replacing') && knows(client, 'is confirmed');
    return (mailed && others && MANAGERS_HEAR.every(hears)) || undefined;
  });
  const mails = await company.mails();
  for (const [person, told] of said) {
    const mailed = mails.filter(({ to }) => to === person.email).length;
    line(`${person.name}: ${counted(told.length, 'notification')}, ${counted(mailed, 'mail')}`);
    for (const { title, priority } of told.toReversed()) line(`    ${priority.padEnd(6)} ${title}`);
  }
  line(`On Mona's socket, at once: ${counted(live().length, 'notification')}, the last "${live().at(-1)}"`);
  check('the client knows that the event is approved', knows(client, 'is approved'));
  check('technicians know of the damage', knows(technician, 'is damaged'));
  check('nobody is told of its own doing', !knows(warehouse, 'is damaged') && !knows(staff, 'Not enough'));
  const page = said.get(manager)?.map(({ title }) => title) ?? [];
  check('the page shows what the socket brought, and the welcome', page.length === live().length + 1);
  check('each came once', new Set(page).size === page.length);
  const { total } = await manager.call<{ total: number }>('GET', 'notifications/unread-count');
  check('the unread count is that of the page', total === page.length);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
