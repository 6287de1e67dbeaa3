/** Customers in files: photo, import and export (spec chapter 02). */
import * as z from 'zod';
import { exportCustomers } from '../../shared/customers/export.ts';
import { ImportReport, importCustomers } from '../../shared/customers/import.ts';
import { deletePhoto, PHOTO_LIMIT, putPhoto } from '../../shared/customers/photo.ts';
import { columnNames } from '../../shared/customers/sheet.ts';
import { customerList } from '../../shared/customers/views.ts';
import { Id } from '../../shared/platform/fields.ts';
import { booleanText, unpagedQuerySchema } from '../../shared/platform/listing.ts';
import { PictureView, pictureView } from '../../shared/platform/pictures.ts';
import { type Route, route, uploadRoute } from '../../shared/platform/route.ts';

const tag = 'Customers';
const params = z.object({ customerId: Id });
/** Bytes. */
const IMPORT_LIMIT = 10 * 1024 * 1024;

export const customerFileRoutes: readonly Route[] = [
  uploadRoute({
    method: 'POST',
    path: 'customers/import',
    summary: 'Import customers from CSV',
    description: [
      'UTF-8, separated by commas or semicolons, up to 10,000 rows. Needs the columns name, primaryEmail and',
      `primaryPhone; takes ${columnNames.join(', ')}. Good rows land, bad ones are reported; the same file again makes`,
      'nothing twice (by `externalId`, else by email). What was exported can be imported; its id, number, status and',
      'times are read over.',
    ].join(' '),
    tag,
    access: 'customers:create',
    query: z.strictObject({ dryRun: booleanText.default(false) }),
    file: { limit: IMPORT_LIMIT },
    reply: ImportReport,
    status: 200,
    async handle({ query, file }, scope) {
      return { body: await importCustomers(scope, await file.read(), query.dryRun) };
    },
  }),
  route({
    method: 'GET',
    path: 'customers/export',
    summary: 'Export customers as CSV',
    description: 'Takes the filters, search and sort of the list. A download link may carry `?access_token=`.',
    tag,
    access: 'customers:read',
    query: unpagedQuerySchema(customerList),
    produces: 'text/csv',
    tokenInQuery: true,
    async handle({ query }, scope) {
      return {
        content: await exportCustomers(scope, query),
        headers: {
          'content-type': 'text/csv; charset=utf-8; header=present',
          'content-disposition': 'attachment; filename="customers.csv"',
        },
      };
    },
  }),
  uploadRoute({
    method: 'PUT',
    path: 'customers/{customerId}/photo',
    summary: "Set a customer's photo",
    description: 'JPG, PNG or WebP by content, up to 5 MB.',
    tag,
    access: 'customers:write',
    params,
    file: { limit: PHOTO_LIMIT },
    reply: PictureView,
    refusals: ['rule_broken'],
    async handle({ params: { customerId }, file }, scope) {
      const { customer, photo } = await putPhoto(scope, customerId, file);
      return { body: await pictureView(scope, photo), etag: customer.etag };
    },
  }),
  route({
    method: 'DELETE',
    path: 'customers/{customerId}/photo',
    summary: "Remove a customer's photo",
    tag,
    access: 'customers:write',
    params,
    refusals: ['rule_broken'],
    async handle({ params: { customerId } }, scope) {
      await deletePhoto(scope, customerId);
      return {};
    },
  }),
];
