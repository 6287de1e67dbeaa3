/** The calendar day of an instant, by the clock of a place. */

const formats = new Map<string, Intl.DateTimeFormat>();
const MOST_ZONES = 600;

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  if (formats.size < MOST_ZONES) formats.set(timeZone, made);
  return made;
}

/** The calendar day of an instant in a zone: `2026-11-20`. */
export function localDate(instant: string, timeZone: string): string {
  return formatOf(timeZone).format(Date.parse(instant));
}
