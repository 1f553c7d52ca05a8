/**
 * Draws the evaluation's contact sheet: one held-out tile a row, three columns for each direction (input, translation,
 * truth). What must stay true: the rows are chosen by the masks alone, never by how well a model did.
 */
import sharp from 'sharp';

const GAP = 6;

/** Tiles for the sheet: three quarters of both kinds, the rest pure sea and pure land; each spread over its list. */
export function chooseRows(tiles, rows) {
  const of = kind => tiles.flatMap((tile, i) => (tile.kind === kind ? [i] : []));
  const pick = (list, count) =>
    Array.from(
      { length: Math.min(count, list.length) },
      (_, i) => list[Math.floor((i * list.length) / Math.min(count, list.length))],
    );
  const pure = Math.floor(rows / 8);
  const chosen = [...pick(of('both'), rows - 2 * pure), ...pick(of('land'), pure), ...pick(of('sea'), pure)];
  const rest = tiles.map((_, i) => i).filter(i => !chosen.includes(i));
  return [...chosen, ...rest].slice(0, rows);
}

/** Writes the sheet as PNG. `maps` and `satellites` are translations by tile, or undefined where not judged. */
export async function drawSheet(file, tiles, maps, satellites, rows) {
  const chosen = chooseRows(tiles, rows);
  const { width, height } = tiles[0];
  const parts = [];
  chosen.forEach((index, row) => {
    const tile = tiles[index];
    const cells = [
      ...(maps ? [tile.satellite, maps[index], tile.map] : []),
      ...(satellites ? [tile.map, satellites[index], tile.satellite] : []),
    ];
    cells.forEach((pixels, column) => {
      const left = GAP + column * (width + GAP) + (column >= 3 ? GAP * 2 : 0);
      const raw = { width: tile.width, height: tile.height, channels: 3 };
      parts.push({ input: pixels, raw, left, top: GAP + row * (height + GAP) });
    });
  });
  const columns = (maps ? 3 : 0) + (satellites ? 3 : 0);
  const create = {
    width: GAP + columns * (width + GAP) + (columns === 6 ? GAP * 2 : 0),
    height: GAP + chosen.length * (height + GAP),
    channels: 3,
    background: '#f4f1ea',
  };
  await sharp({ create }).composite(parts).png().toFile(file);
}
