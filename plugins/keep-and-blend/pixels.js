/**
 * Pixels as interleaved red, green and blue bytes: mixed, and given the luminance of others. Pure; the arrays that come in stay
 * as they are.
 */

/** Of red, green and blue as they are stored, gamma and all (ITU-R BT.709, luma). */
const weights = [0.2126, 0.7152, 0.0722];

/**
 * @param {Uint8Array} rgb of the translation
 * @param {Uint8Array} image of the image, as large
 * @param {number} strength share of the translation, [0, 1]
 */
export function blended(rgb, image, strength) {
  return Uint8Array.from(rgb, (value, i) => Math.round(strength * value + (1 - strength) * image[i]));
}

/**
 * Colours of `rgb` at the luminance of `image`. Where a colour would leave the range, it loses saturation, not luminance.
 * @param {Uint8Array} rgb of the translation
 * @param {Uint8Array} image of the image, as large
 * @param {number} share of the image's luminance, [0, 1]
 */
export function withLuminance(rgb, image, share) {
  const result = new Uint8Array(rgb.length);
  for (let i = 0; i < rgb.length; i += 3) {
    const own = luminanceAt(rgb, i);
    const target = own + share * (luminanceAt(image, i) - own);
    const room = saturationRoom(rgb, i, own, target);
    for (let c = i; c < i + 3; c++) result[c] = Math.round(target + room * (rgb[c] - own));
  }
  return result;
}

function luminanceAt(rgb, i) {
  return weights[0] * rgb[i] + weights[1] * rgb[i + 1] + weights[2] * rgb[i + 2];
}

/** By how much the distances of the three from their luminance must shrink to fit in [0, 255] around another: at most 1. */
function saturationRoom(rgb, i, own, target) {
  let room = 1;
  for (let c = i; c < i + 3; c++) {
    const apart = rgb[c] - own;
    const limit = apart > 0 ? 255 - target : target;
    if (Math.abs(apart) > limit) room = Math.min(room, limit / Math.abs(apart));
  }
  return room;
}

/**
 * The pixels of a picture at another size, between neighbours (bilinear): translations may be larger than their images.
 * @param {import('cyclebox/plugin').Picture} picture
 * @returns {Uint8Array}
 */
export function resampled(picture, width, height) {
  if (picture.width === width && picture.height === height) return picture.rgb;
  const [columns, rows] = [placesOf(picture.width, width), placesOf(picture.height, height)];
  const result = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) result[(y * width + x) * 3 + c] = between(picture, columns[x], rows[y], c);
  return result;
}

/** For each place of the new side: the two of the old one that it lies between, and how far from the first. */
function placesOf(from, to) {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const first = Math.floor(at);
    return { first, second: Math.min(first + 1, from - 1), share: at - first };
  });
}

function between({ rgb, width }, column, row, channel) {
  const at = (x, y) => rgb[(y * width + x) * 3 + channel];
  const along = y => at(column.first, y) * (1 - column.share) + at(column.second, y) * column.share;
  return Math.round(along(row.first) * (1 - row.share) + along(row.second) * row.share);
}
