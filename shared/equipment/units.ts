/** Where the units of an item are: on the shelf, or at one of these places. Pure. */

/** As many as an item can have in stock. */
export const MOST_UNITS = 1_000_000;

/** Where units can be beside the shelf. `setApart`: packed or loaded for a job, still in the warehouse. */
export const places = ['setApart', 'inTransit', 'atVenue', 'inMaintenance'] as const;
export type Place = (typeof places)[number];
export type Whereabouts = Readonly<Record<Place, number>>;

/** Units of one job that are not on the shelf, and where; so that bookkeeping comes out right in whatever order it is told. */
export interface Job {
  readonly place: Place;
  readonly quantity: number;
}
/** Jobs by their reservations' ids. */
export type Jobs = Readonly<Record<string, Job>>;

export const NOWHERE: Whereabouts = { setApart: 0, inTransit: 0, atVenue: 0, inMaintenance: 0 };

/** Units in the warehouse that nothing has been set apart of. */
export function onShelf({ quantity, away }: { readonly quantity: number; readonly away: Whereabouts }): number {
  return Math.max(0, quantity - places.reduce((sum, place) => sum + away[place], 0));
}

/** Units taken from one place to another; left out is the shelf. */
export function moved(
  away: Whereabouts,
  from: Place | undefined,
  to: Place | undefined,
  quantity: number,
): Whereabouts {
  return {
    ...away,
    ...(from ? { [from]: Math.max(0, away[from] - quantity) } : {}),
    ...(to ? { [to]: away[to] + quantity } : {}),
  };
}

/** The jobs with one as it is now; left out: it is over. */
export function withJob(jobs: Jobs | undefined, reservationId: string, job: Job | undefined): Jobs {
  const { [reservationId]: _, ...others } = jobs ?? {};
  return job ? { ...others, [reservationId]: job } : others;
}
