/** Export of customers as CSV, a page of the store at a time: memory does not grow with the customers. */
import type { Entity } from '../platform/aggregate.ts';
import { type ListInput, toQuery } from '../platform/listing.ts';
import type { Scope } from '../platform/scope.ts';
import { type CustomerState, customers } from './model.ts';
import { ownRow } from './rows.ts';
import { type Column, columnNames, exportOnly, guarded } from './sheet.ts';
import { customerList } from './views.ts';

const PAGE = 200;

type Cells = Readonly<Record<Column | (typeof exportOnly)[number], string>>;

function cellsOf({ id, state, meta }: Entity<CustomerState>): Cells {
  const address = state.addresses.find(({ defaultBilling }) => defaultBilling);
  const contact = state.contacts.find(({ primary }) => primary);
  return {
    id,
    customerNumber: state.customerNumber,
    status: state.status,
    externalId: state.externalId ?? '',
    name: state.name,
    type: state.type,
    industry: state.industry ?? '',
    website: state.website ?? '',
    primaryEmail: state.primaryEmail,
    primaryPhone: state.primaryPhone,
    segment: state.segment,
    tags: state.tags.join(' '),
    language: state.preferences.language,
    timeZone: state.preferences.timeZone ?? '',
    marketingConsent: String(state.preferences.marketingConsent),
    notes: state.notes ?? '',
    line1: address?.line1 ?? '',
    line2: address?.line2 ?? '',
    city: address?.city ?? '',
    region: address?.region ?? '',
    postalCode: address?.postalCode ?? '',
    country: address?.country ?? '',
    contactFirstName: contact?.firstName ?? '',
    contactLastName: contact?.lastName ?? '',
    contactEmail: contact?.email ?? '',
    contactPhone: contact?.phone ?? '',
    contactPosition: contact?.position ?? '',
    createdAt: meta.createdAt,
    modifiedAt: meta.modifiedAt,
  };
}

const header = [...exportOnly, ...columnNames];

/**
 * The customers a list with this input shows, all of them, as CSV in pieces. Cells that a spreadsheet would take for
 * a formula (`=`, `+`, `-`, `@` in front) get an apostrophe, which an import takes off again.
 */
export async function exportCustomers(scope: Scope, input: ListInput): Promise<AsyncIterable<string>> {
  const { stringify } = await import('csv-stringify/sync');
  const own = ownRow(scope.actor);
  const query = { ...toQuery(customerList, input, own ? [own] : []), ...(own ? { orderBy: [] } : {}), limit: PAGE };
  const page = (cursor?: string) => scope.of(customers).list(cursor === undefined ? query : { ...query, cursor });
  const written = (rows: readonly (readonly string[])[]) =>
    stringify(
      rows.map((row) => row.map(guarded)),
      { record_delimiter: '\r\n' },
    );
  // Before the reply begins, so that a failure of the store still is one.
  let next = await page();
  return (async function* () {
    yield written([header]);
    for (;;) {
      if (next.items.length > 0) {
        yield written(next.items.map((customer) => header.map((name) => cellsOf(customer)[name])));
      }
      if (next.cursor === undefined) return;
      next = await page(next.cursor);
    }
  })();
}
