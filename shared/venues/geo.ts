/** Places on the globe, as far as "near" needs them. Degrees and kilometres; the earth as a ball of its mean radius. */

interface Place {
  readonly lat: number;
  readonly lon: number;
}
export interface Near extends Place {
  readonly km: number;
}
interface Box {
  readonly south: number;
  readonly north: number;
  readonly west: number;
  readonly east: number;
}

const EARTH_KM = 6371.0088;
const KM_PER_DEGREE = (EARTH_KM * Math.PI) / 180;
const radians = (degrees: number) => (degrees * Math.PI) / 180;

/** Along the ground (haversine). */
export function distanceKm(a: Place, b: Place): number {
  const north = Math.sin(radians(b.lat - a.lat) / 2);
  const east = Math.sin(radians(b.lon - a.lon) / 2);
  const chord = north * north + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * east * east;
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(chord)));
}

/** One or (across the date line) two boxes that hold every place at most `km` away; a little wide rather than narrow. */
export function boxesAround({ lat, lon, km }: Near): readonly Box[] {
  const up = km / KM_PER_DEGREE + 1e-9;
  const south = Math.max(-90, lat - up);
  const north = Math.min(90, lat + up);
  const whole = { south, north, west: -180, east: 180 };
  if (south === -90 || north === 90) return [whole];
  // How far east the circle reaches, where it reaches farthest.
  const sine = Math.sin(km / EARTH_KM) / Math.cos(radians(lat));
  if (km / EARTH_KM >= Math.PI / 2 || sine >= 1) return [whole];
  const side = (Math.asin(sine) * 180) / Math.PI + 1e-9;
  const west = lon - side;
  const east = lon + side;
  if (west < -180)
    return [
      { ...whole, east },
      { ...whole, west: west + 360 },
    ];
  if (east > 180)
    return [
      { ...whole, west },
      { ...whole, east: east - 360 },
    ];
  return [{ south, north, west, east }];
}
