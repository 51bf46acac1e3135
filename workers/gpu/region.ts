/** The regions that Cloudflare places Durable Objects in, each with a point in its middle: [latitude, longitude]. */
const middles = {
  wnam: [37.4, -122.1],
  enam: [39.0, -77.5],
  sam: [-23.5, -46.6],
  weur: [50.1, 8.7],
  eeur: [52.2, 21.0],
  apac: [1.35, 103.8],
  oc: [-33.9, 151.2],
  afr: [-26.2, 28.0],
  me: [25.3, 55.3],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;

/** One of Cloudflare's names for parts of the world, such as "weur". */
export type Region = keyof typeof middles;

/** All of them. */
export const regions = Object.keys(middles).filter(isRegion);

/**
 * A round trip through fibre: 200 km a millisecond, there and back, on a way half as long again as the straight one.
 */
const roundTripMsPerKm = 0.015;

const earthRadiusKm = 6_371;

/** What a round trip between two regions takes at best, in milliseconds. */
export function roundTripMs(from: Region, to: Region): number {
  return distanceKm(middles[from], middles[to]) * roundTripMsPerKm;
}

/** The region that a place is in or next to; undefined for anything that is not a place on Earth. */
export function nearestRegion(latitude: number, longitude: number): Region | undefined {
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return undefined;
  const distances = regions.map((region) => ({ region, km: distanceKm([latitude, longitude], middles[region]) }));
  return distances.reduce((nearest, other) => (other.km < nearest.km ? other : nearest)).region;
}

function isRegion(name: string): name is Region {
  return name in middles;
}

/** Along a great circle (haversine formula). */
function distanceKm([latitudeA, longitudeA]: Point, [latitudeB, longitudeB]: Point): number {
  const half = (degrees: number) => Math.sin((degrees * Math.PI) / 360) ** 2;
  const cosine = (degrees: number) => Math.cos((degrees * Math.PI) / 180);
  const share = half(latitudeB - latitudeA) + cosine(latitudeA) * cosine(latitudeB) * half(longitudeB - longitudeA);
  return 2 * earthRadiusKm * Math.asin(Math.sqrt(share));
}

type Point = readonly [latitude: number, longitude: number];
