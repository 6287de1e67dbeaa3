/** What the API shows of equipment. */
import * as z from 'zod';
import type { Entity } from '../platform/aggregate.ts';
import { Money, metaShape } from '../platform/fields.ts';
import { photoViews, replyWithPhotos } from '../platform/photos.ts';
import { PictureView, pictureView } from '../platform/pictures.ts';
import type { Reply } from '../platform/route.ts';
import type { Scope } from '../platform/scope.ts';
import { Category, Condition, ItemStatus } from './fields.ts';
import { type ItemState, isToldOverdue, onShelf, statusOf } from './model.ts';
import { fieldsOf } from './rules.ts';

const shape = {
  id: z.string(),
  name: z.string(),
  category: Category,
  description: z.string().optional(),
  quantity: z.int().meta({ description: 'Units in stock, wherever they are' }),
  serialNumber: z.string().optional(),
  manufacturer: z.string().optional(),
  model: z.string().optional(),
  barcode: z.string().optional(),
  condition: Condition,
  status: ItemStatus.meta({ description: 'Available while any unit is on the shelf; else where the others are' }),
  units: z
    .object({
      inStock: z.int().meta({ description: 'On the shelf' }),
      reservedNow: z.int().meta({ description: 'Packed or loaded for a job, still in the warehouse' }),
      inTransit: z.int(),
      atVenue: z.int(),
      inMaintenance: z.int(),
    })
    .meta({ id: 'EquipmentUnits', description: 'Where the units are; together the quantity' }),
  active: z.boolean(),
  retired: z.object({ at: z.string(), reason: z.string() }).optional(),
  purchaseDate: z.string(),
  purchasePrice: Money,
  currentValue: Money.optional(),
  dailyRate: Money.optional(),
  warehouseLocation: z.string().optional(),
  specifications: z.array(z.object({ key: z.string(), value: z.string(), unit: z.string().optional() })),
  lastPreventiveAt: z.string().optional(),
  nextPreventiveDueAt: z.string(),
  preventiveOverdue: z.boolean().meta({ description: 'The daily look found that it is overdue (REQ-EQP-055)' }),
  inspectionPending: z.boolean().meta({ description: 'Until it is done nothing new is reserved' }),
};

export const ItemView = z
  .object({ ...shape, photos: z.array(PictureView).meta({ description: 'Oldest first' }), ...metaShape })
  .meta({ id: 'Equipment' });

/** An item in a list: with its primary photo alone. */
export const ListedItem = z
  .object({ ...shape, photo: PictureView.optional().meta({ description: 'The primary one' }), ...metaShape })
  .meta({ id: 'EquipmentItem' });

/** All but the photos; how the books are kept (`jobs`, `told`, `replacementFor`, …) is nobody's business. */
function plain({ id, state, meta }: Entity<ItemState>) {
  const { condition, active, retired, lastPreventiveAt, nextPreventiveDueAt, away, inspections } = state;
  const { createdAt, createdBy, modifiedAt, modifiedBy } = meta;
  const { setApart: reservedNow, inTransit, atVenue, inMaintenance } = away;
  return {
    id,
    createdAt,
    createdBy,
    modifiedAt,
    modifiedBy,
    ...fieldsOf(state),
    condition,
    active,
    ...(retired ? { retired: { at: retired.at, reason: retired.reason } } : {}),
    lastPreventiveAt,
    nextPreventiveDueAt,
    preventiveOverdue: isToldOverdue(state),
    status: statusOf(state),
    units: { inStock: onShelf(state), reservedNow, inTransit, atVenue, inMaintenance },
    inspectionPending: inspections.length > 0,
  };
}

/** The reply that shows an item. */
export async function repliedItem(scope: Scope, item: Entity<ItemState>): Promise<Reply<z.input<typeof ItemView>>> {
  const body = { ...plain(item), photos: await photoViews(scope, item.state) };
  return replyWithPhotos(body, item.etag);
}

/** As a list shows it. */
export async function listedItem(scope: Scope, item: Entity<ItemState>): Promise<z.input<typeof ListedItem>> {
  const primary = item.state.photos.find(({ id }) => id === item.state.primaryPhotoId);
  return { ...plain(item), ...(primary ? { photo: await pictureView(scope, primary) } : {}) };
}
