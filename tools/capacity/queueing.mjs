/**
 * How long jobs wait for a worker: the formulas for Poisson arrivals, and a simulation of single events that needs no formula. Times in
 * seconds. `node tools/capacity/queueing.mjs 0.0093 8` prints the waits against the load for 8 workers that take 9.3 ms for an image.
 */
import { fileURLToPath } from 'node:url';

/** Uniform in (0, 1), the same for the same seed (mulberry32). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}

/**
 * The probability that a job waits in M/M/c (Erlang's C formula; Kleinrock, Queueing Systems I, 1975, 3.5).
 * @param {number} workers c
 * @param {number} load of each worker, in [0, 1)
 */
export function erlangC(workers, load) {
  const offered = workers * load;
  // Erlang's B by its recursion, which needs no factorials.
  let blocked = 1;
  for (let count = 1; count <= workers; count++) blocked = (offered * blocked) / (count + offered * blocked);
  return blocked / (1 - load * (1 - blocked));
}

/** The mean wait in M/M/c, seconds. */
export function meanWaitExponential(workers, load, serviceSeconds) {
  return (erlangC(workers, load) * serviceSeconds) / (workers * (1 - load));
}

/**
 * The mean wait in M/D/c, seconds: exact for one worker (Pollaczek and Khinchine), else Cosmetatos' approximation (1975), within about 2 %.
 */
export function meanWaitFixed(workers, load, serviceSeconds) {
  const correction = ((1 - load) * (workers - 1) * (Math.sqrt(4 + 5 * workers) - 2)) / (16 * workers * load);
  return (meanWaitExponential(workers, load, serviceSeconds) / 2) * (1 + correction);
}

/**
 * Jobs that come at random, each to the worker that is free first.
 * @param {{ workers: number, load: number, serviceSeconds: number, kind: 'fixed' | 'exponential', jobs: number, seed: number }} which
 * @returns {{ mean: number, p95: number, p99: number }} waits, seconds; the first tenth, while the queue fills, is left out
 */
export function simulate({ workers, load, serviceSeconds, kind, jobs, seed }) {
  const random = generator(seed);
  const exponential = mean => -Math.log(random()) * mean;
  const freeAt = new Float64Array(workers);
  const waits = new Float64Array(jobs);
  let now = 0;
  for (let job = 0; job < jobs; job++) {
    now += exponential(serviceSeconds / (workers * load));
    let first = 0;
    for (let worker = 1; worker < workers; worker++) if (freeAt[worker] < freeAt[first]) first = worker;
    const start = Math.max(now, freeAt[first]);
    waits[job] = start - now;
    freeAt[first] = start + (kind === 'fixed' ? serviceSeconds : exponential(serviceSeconds));
  }
  const settled = waits.subarray(jobs / 10).sort();
  const at = share => settled[Math.floor(share * settled.length)];
  return { mean: settled.reduce((sum, wait) => sum + wait, 0) / settled.length, p95: at(0.95), p99: at(0.99) };
}

/**
 * Jobs that come at random and pass stages one after another, each with a queue of its own: cores that decode, cards, cores that encode.
 * Where all is exponential, each stage waits as if it were alone (Burke's theorem, 1956), to which a test holds it.
 * @param {{ stages: readonly { workers: number, serviceSeconds: number }[], perSecond: number, kind: 'fixed' | 'exponential', jobs: number, seed: number }} which
 * @returns {{ mean: number, p95: number, p99: number }} waits of all stages together, seconds; without the first tenth
 */
export function simulateStages({ stages, perSecond, kind, jobs, seed }) {
  const random = generator(seed);
  const exponential = mean => -Math.log(random()) * mean;
  const waits = new Float64Array(jobs);
  const arrived = new Float64Array(jobs);
  for (let job = 1; job < jobs; job++) arrived[job] = arrived[job - 1] + exponential(1 / perSecond);
  let order = Array.from({ length: jobs }, (_, job) => job);
  for (const { workers, serviceSeconds } of stages) {
    const freeAt = new Float64Array(workers);
    for (const job of order) {
      let first = 0;
      for (let worker = 1; worker < workers; worker++) if (freeAt[worker] < freeAt[first]) first = worker;
      const start = Math.max(arrived[job], freeAt[first]);
      waits[job] += start - arrived[job];
      freeAt[first] = start + (kind === 'fixed' ? serviceSeconds : exponential(serviceSeconds));
      arrived[job] = freeAt[first];
    }
    // Who was quicker here is first at the next.
    order = order.toSorted((a, b) => arrived[a] - arrived[b]);
  }
  const settled = waits.subarray(jobs / 10).sort();
  const at = share => settled[Math.floor(share * settled.length)];
  return { mean: settled.reduce((sum, wait) => sum + wait, 0) / settled.length, p95: at(0.95), p99: at(0.99) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [serviceSeconds = 0.1, workers = 8] = process.argv.slice(2).map(Number);
  console.log(`${workers} workers, ${serviceSeconds} s for a job: waits in ms\nload   formula   mean   95 %   99 %`);
  for (const load of [0.5, 0.7, 0.8, 0.9, 0.95, 0.98]) {
    const { mean, p95, p99 } = simulate({ workers, load, serviceSeconds, kind: 'fixed', jobs: 500_000, seed: 1 });
    const row = [meanWaitFixed(workers, load, serviceSeconds), mean, p95, p99].map(wait =>
      (wait * 1000).toFixed(2).padStart(7),
    );
    console.log(`${(load * 100).toFixed(0)} %  ${row.join('')}`);
  }
}
