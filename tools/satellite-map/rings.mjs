/**
 * Rings of longitude and latitude to a picture of land and water. Plain numbers, no packages.
 * Not a general polygon library: rings must not cross each other, as coast lines do not.
 * What must stay true: no seam at 180 degrees, no matter where a ring crosses it or whether it goes round a pole.
 */

/**
 * Makes a ring continuous: where two neighbours lie more than 180 degrees apart it crosses the antimeridian, so all
 * that follows moves by 360. A ring that goes round a pole is closed along that pole. Longitudes may leave -180..180.
 */
export function unwrapRing(ring) {
  let turn = 0;
  const out = [];
  for (let i = 0; i < ring.length; i++) {
    const [lon, lat] = ring[i];
    const step = i === 0 ? 0 : lon - ring[i - 1][0];
    if (step > 180) turn -= 360;
    if (step < -180) turn += 360;
    out.push([lon + turn, lat]);
  }
  const first = out[0];
  const last = out[out.length - 1];
  if (Math.abs(last[0] - first[0]) > 180) {
    const pole = ring.reduce((sum, [, lat]) => sum + lat, 0) < 0 ? -90 : 90;
    out.push([last[0], pole], [first[0], pole]);
  }
  return out;
}

/**
 * Cuts a ring at the antimeridian: the copies of the continuous ring, moved by whole turns, that reach into -180..180.
 * Each copy may reach beyond; the fill clips it at the border of the picture.
 */
export function cutAtAntimeridian(ring) {
  const whole = unwrapRing(ring);
  let west = Number.POSITIVE_INFINITY;
  let east = Number.NEGATIVE_INFINITY;
  for (const [lon] of whole) {
    west = Math.min(west, lon);
    east = Math.max(east, lon);
  }
  const copies = [];
  for (let turn = -720; turn <= 720; turn += 360) {
    if (west + turn < 180 && east + turn > -180) copies.push(whole.map(([lon, lat]) => [lon + turn, lat]));
  }
  return copies;
}

function addCrossings(rows, [x0, y0], [x1, y1]) {
  if (y0 === y1) return;
  const slope = (x1 - x0) / (y1 - y0);
  // Half-open in y at the middles of the rows, so that a vertex on a middle counts once.
  const from = Math.max(0, Math.ceil(Math.min(y0, y1) - 0.5));
  const to = Math.min(rows.length - 1, Math.ceil(Math.max(y0, y1) - 0.5) - 1);
  for (let row = from; row <= to; row++) rows[row].push(x0 + slope * (row + 0.5 - y0));
}

function addSpan(line, from, to, weight) {
  const a = Math.max(0, Math.min(line.length, from));
  const b = Math.max(0, Math.min(line.length, to));
  if (b <= a) return;
  const first = Math.floor(a);
  const last = Math.min(line.length - 1, Math.floor(b));
  for (let x = first; x <= last; x++) line[x] += weight * (Math.min(x + 1, b) - Math.max(x, a));
}

/**
 * Fills rings by the even-odd rule (a ring inside a ring is a hole): the share 0..1 of each pixel that is inside,
 * exact along x and by `samples` lines along y. `rings` are lists of [x, y] in pixels, closed or not.
 * Returns a Float32Array of width * height, row by row.
 */
export function fillEvenOdd(rings, width, height, samples = 4) {
  const rows = Array.from({ length: height * samples }, () => []);
  for (const ring of rings) {
    const points = ring.map(([x, y]) => [x, y * samples]);
    for (let i = 0; i < points.length; i++) addCrossings(rows, points[i], points[(i + 1) % points.length]);
  }
  const coverage = new Float32Array(width * height);
  rows.forEach((crossings, row) => {
    const y = Math.floor(row / samples);
    const line = coverage.subarray(y * width, (y + 1) * width);
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) addSpan(line, crossings[i], crossings[i + 1], 1 / samples);
  });
  for (let i = 0; i < coverage.length; i++) if (coverage[i] > 1) coverage[i] = 1;
  return coverage;
}
