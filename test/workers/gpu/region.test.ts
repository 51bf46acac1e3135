import { expect, test } from "vitest";
import { nearestRegion, regions, roundTripMs } from "../../../workers/gpu/region.ts";

test.each([
  ["San Francisco", 37.8, -122.4, "wnam"],
  ["New York", 40.7, -74, "enam"],
  ["Bogotá", 4.7, -74.1, "enam"],
  ["Buenos Aires", -34.6, -58.4, "sam"],
  ["Madrid", 40.4, -3.7, "weur"],
  ["Kyiv", 50.5, 30.5, "eeur"],
  ["Dubai", 25.2, 55.3, "me"],
  ["Nairobi", -1.3, 36.8, "afr"],
  ["Jakarta", -6.2, 106.8, "apac"],
  ["Auckland, beyond the antimeridian's near side", -36.8, 174.8, "oc"],
])("%s is near %s, %s: %s", (_, latitude, longitude, region) => {
  expect(nearestRegion(latitude, longitude)).toBe(region);
});

test.each([
  [Number.NaN, 0],
  [0, Number.NaN],
  [91, 0],
  [0, 181],
])("%d, %d is no place", (latitude, longitude) => {
  expect(nearestRegion(latitude, longitude)).toBeUndefined();
});

test("a round trip is as long back as there, and nothing at home", () => {
  for (const from of regions) {
    expect(roundTripMs(from, from)).toBe(0);
    for (const to of regions) expect(roundTripMs(from, to)).toBeCloseTo(roundTripMs(to, from), 9);
  }
  expect(roundTripMs("weur", "enam")).toBeGreaterThan(60);
  expect(roundTripMs("weur", "enam")).toBeLessThan(120);
});
