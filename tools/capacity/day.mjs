/**
 * What a day's images take, from measured figures: `node tools/capacity/day.mjs [--images 1000000000]`. The figures below were measured as
 * their comments say; docs/scale.md says on which machines. Nothing else is assumed but what is named so.
 */
import { simulateStages } from './queueing.mjs';

/** For one image of 256² as JPEG. */
export const measured = {
  // `npm run bench`, docs/engines.md: the network alone, ms.
  networkMs: { 'H200, webgpu, float16': 5.9, 'H200, webgpu, float32': 9.3, '16 threads of its Xeon': 29.8 },
  // `node tools/capacity/measure.mjs codecs`: ms of CPU.
  decodeMs: 3.01,
  encodeMs: 4.16,
  // `npm run bench:queue -- wire`.
  redisCalls: 10,
  redisBytes: 6500,
  // ms of CPU.
  redisMs: 1.17,
  // `npm run bench:queue -- overhead`: from the journal to the outbox, a job of no work, ms.
  inboxMs: 6.0,
  // `node tools/capacity/measure.mjs outputs`: bytes.
  imageBytes: 45_400,
  resultBytes: 76_700,
};

/** Assumed: so busy are workers and cores at most. */
const load = 0.8;

const asked = process.argv.indexOf('--images');
const perSecond = (asked > 0 ? Number(process.argv[asked + 1]) : 1e9) / 86_400;
const { networkMs, decodeMs, encodeMs, redisCalls, redisBytes, redisMs, inboxMs, imageBytes, resultBytes } = measured;
const needed = ms => Math.ceil((perSecond * ms) / 1000 / load);

console.log(`${perSecond.toFixed(0)} images a second`);
for (const [device, ms] of Object.entries(networkMs)) {
  const serial = decodeMs + ms + encodeMs;
  const stages = [decodeMs, ms, encodeMs].map(each => ({ workers: needed(each), serviceSeconds: each / 1000 }));
  const { p99 } = simulateStages({ stages, perSecond, kind: 'fixed', jobs: 300_000, seed: 1 });
  const cores = needed(decodeMs + encodeMs);
  console.log(
    `${device}: ${needed(serial)} workers that decode, translate and encode in turn; ${needed(ms)} were all fed by ${cores} cores, 99 % then wait less than ${(p99 * 1000).toFixed(2)} ms in all`,
  );
}
const [calls, megabytes] = [redisCalls, redisBytes / 1e6].map(each => (perSecond * each).toFixed(0));
console.log(`Redis: ${calls} calls and ${megabytes} MB a second, ${Math.ceil((perSecond * redisMs) / 1000)} cores`);
console.log(`daemons by what a job takes of one: ${Math.ceil((perSecond * inboxMs) / 1000)}`);
const [into, out] = [imageBytes, resultBytes].map(bytes => ((perSecond * bytes) / 1e6).toFixed(0));
console.log(`images ${into} MB a second, results ${out}`);
