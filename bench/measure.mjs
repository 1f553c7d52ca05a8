/**
 * Timing: warm-up, then rounds in which all candidates take turns, so that whatever else the machine does falls on all of
 * them alike. Medians are for reading, minima say what the machine can do. Nothing here knows what is measured.
 */

/**
 * @typedef {{ readonly name: string, readonly run: () => Promise<unknown> }} Candidate
 * @typedef {{ readonly name: string, readonly medianMs: number, readonly minimumMs: number, readonly rounds: number }} Timing
 */

/**
 * @param {readonly Candidate[]} candidates
 * @param {{ seconds?: number, rounds?: number }} [limits] until both `seconds` (all together) and three rounds have passed,
 *   or exactly `rounds`
 * @returns {Promise<Timing[]>} in the order of the candidates
 */
export async function inTurns(candidates, { seconds = 3, rounds } = {}) {
  const times = candidates.map(() => /** @type {number[]} */ ([]));
  for (const candidate of candidates) await candidate.run();
  const end = performance.now() + seconds * 1000;
  const goesOn = () => (rounds ? times[0].length < rounds : times[0].length < 3 || performance.now() < end);
  while (goesOn()) {
    for (const [index, candidate] of candidates.entries()) {
      const start = performance.now();
      await candidate.run();
      times[index].push(performance.now() - start);
    }
  }
  return candidates.map(({ name }, index) => summary(name, times[index]));
}

/** @param {string} name @param {number[]} times @returns {Timing} */
function summary(name, times) {
  const sorted = times.toSorted((a, b) => a - b);
  return { name, medianMs: sorted[sorted.length >> 1], minimumMs: sorted[0], rounds: sorted.length };
}

/**
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<{ readonly value: T, readonly ms: number }>}
 */
export async function timed(work) {
  const start = performance.now();
  return { value: await work(), ms: performance.now() - start };
}

/** Values of magnitude about one, the same at every start. @param {readonly number[]} shape */
export function noise(shape) {
  let seed = 1;
  const data = Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 31 - 1;
  });
  return { shape, data };
}
