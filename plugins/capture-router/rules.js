/**
 * Rules as people write them: what a photo must be, a colon, and its translation. `season winter: winter-summer/summer`.
 * Pure: a rule looks at what is known of a photo and at nothing else.
 */

/**
 * @typedef {import('cyclebox/plugin').CaptureFacts} CaptureFacts
 * @typedef {(capture: CaptureFacts) => boolean} Fits
 * @typedef {{ fits: Fits, decision: import('cyclebox/plugin').RouteDecision }} Rule
 */

/** Meteorological seasons of the north: spring begins in March. */
const seasons = { winter: [12, 1, 2], spring: [3, 4, 5], summer: [6, 7, 8], autumn: [9, 10, 11] };

const forms =
  '"season winter", "month 11-2", "month 3 4 10", "place SOUTH WEST NORTH EAST" in degrees, "camera NAME" or "any", ' +
  'then a colon and a translation such as "winter-summer/summer"';

/**
 * @param {string} text
 * @param {'north' | 'south'} hemisphere where photos without a place were taken
 * @returns {Rule}
 * @throws Error that says which forms there are
 */
export function readRule(text, hemisphere) {
  const [, kind = '', words = '', pair = '', to = ''] =
    /^\s*(\w+)\s*([^:]*?)\s*:\s*([\w-]+)\/([\w-]+)\s*$/.exec(text) ?? [];
  const fits = Object.hasOwn(kinds, kind) ? kinds[kind](words, hemisphere) : undefined;
  if (!fits) throw new Error(`the rule "${text}" cannot be understood. Write ${forms}.`);
  return { fits, decision: { pair, to } };
}

/** What each kind of rule makes of its words; undefined where it cannot. */
const kinds = {
  season: seasonRule,
  month: monthRule,
  place: placeRule,
  camera: cameraRule,
  /** @returns {Fits | undefined} */
  any: words => (words === '' ? () => true : undefined),
};

/** @returns {Fits | undefined} */
function seasonRule(words, hemisphere) {
  const months = Object.hasOwn(seasons, words) ? seasons[words] : undefined;
  if (!months) return undefined;
  return ({ takenAt, latitude }) => {
    const isSouth = latitude === undefined ? hemisphere === 'south' : latitude < 0;
    const month = monthOf(takenAt);
    return month !== undefined && months.includes(isSouth ? ((month + 5) % 12) + 1 : month);
  };
}

/** Numbers and spans, which may go over the turn of the year: `11-2`. @returns {Fits | undefined} */
function monthRule(words) {
  const spans = words.split(/[\s,]+/).map(word => /^(\d+)(?:-(\d+))?$/.exec(word));
  const months = spans.flatMap(span => (span ? monthsFrom(Number(span[1]), Number(span[2] ?? span[1])) : [0]));
  if (!months.every(month => month >= 1 && month <= 12)) return undefined;
  return ({ takenAt }) => months.includes(monthOf(takenAt));
}

function monthsFrom(first, last) {
  if (first < 1 || first > 12 || last < 1 || last > 12) return [0];
  const count = ((last - first + 12) % 12) + 1;
  return Array.from({ length: count }, (_, i) => ((first - 1 + i) % 12) + 1);
}

function monthOf(takenAt) {
  return takenAt === undefined ? undefined : Number(takenAt.slice(5, 7));
}

/** A box that may lie over the date line: then its west is larger than its east. @returns {Fits | undefined} */
function placeRule(words) {
  const numbers = words.split(/[\s,]+/).map(Number);
  const [south, west, north, east] = numbers;
  if (numbers.length !== 4 || !numbers.every(Number.isFinite) || south > north) return undefined;
  const isBetween = longitude =>
    west <= east ? longitude >= west && longitude <= east : longitude >= west || longitude <= east;
  return ({ latitude, longitude }) =>
    latitude !== undefined && longitude !== undefined && latitude >= south && latitude <= north && isBetween(longitude);
}

/** Make and model together, in any case; `*` stands for anything. @returns {Fits | undefined} */
function cameraRule(words) {
  if (words === '') return undefined;
  const parts = words.toLowerCase().split('*');
  return ({ make = '', model = '' }) => holdsInOrder(`${make} ${model}`.toLowerCase(), parts);
}

function holdsInOrder(text, parts) {
  let from = 0;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return text.trim() !== '';
}
