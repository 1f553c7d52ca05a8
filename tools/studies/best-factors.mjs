/**
 * Which choices seem best, each by itself: of a factor's choices the one with the least grid, unless it pays for it in style
 * and content. Whether they are best together is not known before they have been trained together.
 */

/** How much less of `balance` is still taken for equal: chosen, not measured. */
const tolerated = 0.05;

/**
 * @param {readonly import('./study-run.mjs').RunResult[]} results
 * @param {Readonly<Record<string, string>>} base
 * @param {readonly string[]} factors
 * @param {Readonly<Record<string, readonly string[]>>} choices
 * @returns {Readonly<Record<string, string>>}
 */
export function seemsBest(results, base, factors, choices) {
  const best = { ...base };
  for (const factor of factors) {
    const tried = choices[factor].flatMap(choice => {
      const isIt = ({ factors: its }) =>
        Object.keys(base).every(key => its[key] === (key === factor ? choice : base[key]));
      const judged = results.find(isIt)?.judgements.find(({ at, weights }) => at === 'end' && weights === 'averaged');
      return judged ? [{ choice, grid: gridOf(judged), balance: meanOf(judged, 'balance') }] : [];
    });
    best[factor] = leastGrid(tried)?.choice ?? base[factor];
  }
  return best;
}

function leastGrid(tried) {
  const balances = tried.map(({ balance }) => balance).filter(Number.isFinite);
  const least = Math.max(...balances) - tolerated;
  const good = tried.filter(({ balance }) => balances.length === 0 || balance >= least);
  return good.toSorted((x, y) => x.grid - y.grid)[0];
}

/** The stronger of the two lines, dB, mean of the directions. @param {import('./study-run.mjs').Judgement} judged */
function gridOf(judged) {
  return meanOf(judged, 'grid');
}

function meanOf({ directions }, metric) {
  const values = Object.values(directions).map(metrics => metrics[metric]);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
