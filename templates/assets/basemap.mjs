// Packs Natural Earth's coasts and borders (public domain, by way of
// world-atlas) into the small format that both the browser and the server read.
//
// A file is its extent, then a list of land rings, then a list of border lines.
// A list is its length, then for each line its number of points, then the points
// as steps from the one before (from 0,0 for the first): x to the east, y to the
// south, in the Web Mercator square of extent by extent units. Every number is a
// varint; steps are zigzag. No line crosses the antimeridian; fill rings by the
// even-odd rule.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { feature, mesh } from "topojson-client";

const require = createRequire(import.meta.url);

export async function baseMap(scale, extent) {
  const [land, countries] = await Promise.all([topology(`land-${scale}.json`), topology(`countries-${scale}.json`)]);
  const rings = feature(land, land.objects.land)
    .features.flatMap((f) => polygons(f.geometry))
    .flat()
    .filter(inhabited);
  const borders = mesh(countries, countries.objects.countries, (a, b) => a !== b).coordinates;
  const out = [];
  varint(out, extent);
  writeLines(out, quantised(rings.flatMap(splitRing), extent, 3));
  writeLines(out, quantised(borders.flatMap(splitLine), extent, 2));
  return Uint8Array.from(out);
}

async function topology(name) {
  return JSON.parse(await readFile(require.resolve(`world-atlas/${name}`), "utf8"));
}

function polygons(geometry) {
  return geometry.type === "MultiPolygon" ? geometry.coordinates : [geometry.coordinates];
}

// inhabited leaves Antarctica out: on a map of neighbours it would only take room.
function inhabited(ring) {
  return ring.some(([, lat]) => lat > -60);
}

// unwrap makes longitudes continuous: it goes past 180 rather than jump.
function unwrap(points) {
  let turns = 0;
  return points.map(([lon, lat], i) => {
    const step = i > 0 ? lon - points[i - 1][0] : 0;
    if (step > 180) turns -= 360;
    if (step < -180) turns += 360;
    return [lon + turns, lat];
  });
}

const worlds = [-360, 0, 360];

function splitRing(points) {
  const ring = unwrap(points).slice(0, -1);
  return worlds
    .map((shift) => clipHalf(clipHalf(ring.map(([lon, lat]) => [lon + shift, lat]), -180, 1), 180, -1))
    .filter((r) => r.length > 2);
}

// clipHalf keeps the part of a ring where side*(lon-edge) >= 0.
function clipHalf(ring, edge, side) {
  return ring.flatMap((p, i) => {
    const before = ring.at(i - 1);
    const [pIn, beforeIn] = [p, before].map(([lon]) => side * (lon - edge) >= 0);
    const kept = pIn ? [p] : [];
    return pIn === beforeIn ? kept : [crossing(before, p, edge), ...kept];
  });
}

function crossing([lon0, lat0], [lon1, lat1], edge) {
  return [edge, lat0 + ((lat1 - lat0) * (edge - lon0)) / (lon1 - lon0)];
}

function splitLine(points) {
  const line = unwrap(points);
  return worlds.flatMap((shift) => {
    const parts = [[]];
    for (const [lon, lat] of line) {
      const inside = Math.abs(lon + shift) <= 180;
      if (inside) parts.at(-1).push([lon + shift, lat]);
      else if (parts.at(-1).length > 0) parts.push([]);
    }
    return parts.filter((part) => part.length > 1);
  });
}

// quantised projects and rounds, and drops what has fewer points left than that.
function quantised(lines, extent, fewest) {
  const rounded = lines.map((line) =>
    line.map((p) => mercator(p, extent)).filter(([x, y], i, all) => i === 0 || x !== all[i - 1][0] || y !== all[i - 1][1]),
  );
  return rounded.filter((line) => line.length >= fewest);
}

const maxLatitude = 85.05112877980659;

function mercator([lon, lat], extent) {
  const phi = (Math.max(-maxLatitude, Math.min(maxLatitude, lat)) * Math.PI) / 180;
  const y = (1 - Math.asinh(Math.tan(phi)) / Math.PI) / 2;
  return [Math.round(((lon + 180) / 360) * extent), Math.round(y * extent)];
}

function writeLines(out, lines) {
  varint(out, lines.length);
  for (const line of lines) {
    varint(out, line.length);
    let [x, y] = [0, 0];
    for (const [nextX, nextY] of line) {
      varint(out, zigzag(nextX - x));
      varint(out, zigzag(nextY - y));
      [x, y] = [nextX, nextY];
    }
  }
}

function zigzag(n) {
  return n < 0 ? -2 * n - 1 : 2 * n;
}

function varint(out, n) {
  while (n > 127) {
    out.push((n & 127) | 128);
    n >>>= 7;
  }
  out.push(n);
}
