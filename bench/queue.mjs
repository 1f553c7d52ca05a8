/**
 * `npm run bench:queue [-- overhead busy wire recovery restart affinity storm] [--jobs N]`: what the queue on Redis costs beside the
 * local one, how busy workers are, what goes over the wire, and what a killed worker or Redis costs. Workers are simulated: they sleep
 * or copy, in processes of their own where that counts. Needs a redis-server. It reports; it never fails. `whole`, only where it is named,
 * takes long: queue-whole.mjs.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { RemoteRunner, SharedFolderStore, serveJobs } from '../dist/dispatch/index.js';
import { jobFor } from '../dist/dispatch/placement.js';
import {
  features,
  foldersOf,
  median,
  openInbox,
  openProject,
  openRemote,
  openServer,
  round,
  sleeper,
  translation,
} from './queue-parts.mjs';
import { whole } from './queue-whole.mjs';

/** Without files: this program stands for every image. */
const bareStore = {
  name: 'none',
  offer: async () => {},
  take: async () => {},
  discard: async () => {},
  sweep: async () => 0,
  dispose() {},
  open: async () => ({
    root: '/',
    source: fileURLToPath(import.meta.url),
    result: '',
    isCopy: true,
    deliver: async () => {},
    dispose() {},
  }),
};

const bareSleeper = sleepMs => ({
  async run({ path }) {
    if (sleepMs > 0) await new Promise(resolve => setTimeout(resolve, sleepMs));
    const times = { decodeMs: 0, loadMs: 0, translateMs: 0, encodeMs: 0 };
    return { name: path, width: 1, height: 1, bytes: 1, tiles: 1, ...times };
  },
});

if (process.argv[2] === '--worker') await serveAsChild(JSON.parse(process.argv[3]));
else await main();

async function serveAsChild({ url, name, lockMs, root, sleepMs, workers = 1, isBare = false }) {
  const store = isBare ? bareStore : new SharedFolderStore(foldersOf(root));
  const spans = [];
  const runner = isBare ? bareSleeper(sleepMs) : sleeper(sleepMs);
  const timed = {
    async run(request) {
      const startMs = performance.timeOrigin + performance.now();
      process.send?.({ begun: request.path });
      const report = await runner.run(request);
      spans.push([startMs, performance.timeOrigin + performance.now()]);
      return report;
    },
  };
  const served = [];
  for (let index = 0; index < workers; index++)
    served.push(await serveJobs({ redis: url, name, lockMs, runner: timed, store, describe: features(1) }));
  process.send?.({ ready: true });
  process.on('message', async () => {
    for (const one of served) await one.stop(5000);
    process.send?.({ spans });
    process.disconnect();
  });
}

async function main() {
  const args = process.argv.slice(2);
  const jobs = Number(args[args.indexOf('--jobs') + 1]) || 100_000;
  const usual = { overhead, busy, wire, recovery, restart, affinity, storm: () => storm(jobs) };
  const all = { ...usual, whole: () => whole(args) };
  const named = args.filter(name => name in all);
  for (const name of named.length > 0 ? named : Object.keys(usual)) {
    const startMs = performance.now();
    for (const line of await all[name]()) console.log(`${name.padEnd(9)} ${line}`);
    console.log(`${name.padEnd(9)} (${round((performance.now() - startMs) / 1000, 1)} s)`);
  }
}

function startChild(settings) {
  const child = fork(fileURLToPath(import.meta.url), ['--worker', JSON.stringify(settings)]);
  const heard = what => new Promise(resolve => child.on('message', message => message[what] && resolve(message[what])));
  return { child, heard, ready: heard('ready') };
}

/** One worker with one slot and no work: what a job takes from the journal to the outbox, in turns. */
async function overhead() {
  const server = await openServer();
  const times = { local: [], bullmq: [] };
  const count = 300;
  for (let turn = 0; turn < 3; turn++) {
    for (const backend of ['local', 'bullmq']) {
      const project = await openProject(count);
      const isLocal = backend === 'local';
      const opened = isLocal
        ? await openInbox(project.root, sleeper(0), 1)
        : await openRemote(project.root, server.url);
      const settings = { url: server.url, name: 'bench', lockMs: 30_000, root: project.root, sleepMs: 0 };
      const worker = isLocal ? undefined : startChild(settings);
      await worker?.ready;
      await opened.remote?.start(project.root);
      let startMs;
      opened.inbox.onEvent(event => {
        if (event.type === 'started') startMs ??= performance.now();
      });
      await opened.inbox.start();
      await opened.inbox.whenIdle();
      times[backend].push((performance.now() - startMs) / count);
      await opened.inbox.stop();
      await opened.remote?.dispose();
      worker?.child.send('stop');
      if (worker) await once(worker.child, 'exit');
      await project.dispose();
    }
  }
  await server.dispose();
  const [local, bullmq] = [median(times.local), median(times.bullmq)];
  return [
    `a job of no work: local ${round(local)} ms, BullMQ ${round(bullmq)} ms, beyond it ${round(bullmq - local)} ms (medians of 3 turns of ${count} jobs)`,
  ];
}

/**
 * 8 workers in one process beside the daemon's, each of which sleeps 100 ms a job: through the hands of dispatch alone, and through the
 * whole inbox, whose own floor, what the local backend takes for a job of no work, is in `overhead`.
 */
async function busy() {
  const lines = [];
  for (const isWhole of [false, true]) {
    const [server, project] = [await openServer(), await openProject(isWhole ? 800 : 0)];
    const opened = await openRemote(project.root, server.url);
    const settings = { url: server.url, name: 'bench', lockMs: 30_000, root: project.root, sleepMs: 100 };
    const { child, heard, ready } = startChild({ ...settings, workers: 8, isBare: !isWhole });
    await ready;
    await opened.remote.start(project.root);
    if (isWhole) {
      await opened.inbox.start();
      await opened.inbox.whenIdle();
    } else await runBare(opened.remote, 800);
    const reported = heard('spans');
    child.send('stop');
    const spans = await reported;
    await opened.inbox.stop();
    await opened.remote.dispose();
    await Promise.all([server.dispose(), project.dispose()]);
    const wall = Math.max(...spans.map(([, end]) => end)) - Math.min(...spans.map(([start]) => start));
    const share = spans.reduce((sum, [start, end]) => sum + end - start, 0) / (8 * wall);
    const asleep = (spans.length * 100) / (8 * wall);
    const what = isWhole ? 'through the whole inbox' : 'through dispatch alone';
    lines.push(
      `8 workers, ${spans.length} jobs of 100 ms ${what}: ${round(share * 100, 1)} % busy, ${round(asleep * 100, 1)} % asleep in jobs`,
    );
  }
  return lines;
}

/** As many attempts at a time as the runner takes, without journal, images and results. */
async function runBare(remote, jobs) {
  let next = 0;
  const one = async index => {
    const request = {
      job: `j${index}`,
      token: `t${index}`,
      path: `${index}.png`,
      source: '/',
      temporary: '',
      translation,
    };
    const how = {
      mayGrow: false,
      alone: false,
      timeoutMs: 60_000,
      signal: new AbortController().signal,
      onAccompanied() {},
    };
    await remote.runner.run({ ...request, ...how, expected: { root: '/', identity: '' } }).catch(error => {
      // There is no result to be taken.
      if (error.code !== 'WRITE_FAILED') throw error;
    });
  };
  const feed = async () => {
    while (next < jobs) await one(next++);
  };
  await Promise.all(Array.from({ length: remote.size }, feed));
}

/** @param {{ lockMs: number, runner: object, describe: object }} options of each */
async function fourWorkers(server, { store }, options) {
  const workers = [];
  for (let index = 0; index < 4; index++)
    workers.push(await serveJobs({ redis: server.url, name: 'bench', store, ...options }));
  return workers;
}

async function wire() {
  const [server, project] = [await openServer(), await openProject(1000)];
  const opened = await openRemote(project.root, server.url);
  const workers = await fourWorkers(server, opened, { lockMs: 30_000, runner: sleeper(1), describe: features(1) });
  await opened.remote.start(project.root);
  const client = new Redis(server.url);
  const read = async () => {
    const info = await client.info();
    const of = key => Number(new RegExp(`${key}:([\\d.]+)`).exec(info)?.[1]);
    const calls = {};
    for (const [, name, count] of (await client.info('commandstats')).matchAll(/cmdstat_([^:]+):calls=(\d+)/g))
      calls[name] = Number(count);
    return {
      commands: of('total_commands_processed'),
      input: of('total_net_input_bytes'),
      output: of('total_net_output_bytes'),
      cpuMs: 1000 * (of('used_cpu_sys') + of('used_cpu_user')),
      calls,
    };
  };
  const before = await read();
  await opened.inbox.start();
  await opened.inbox.whenIdle();
  const after = await read();
  const count = opened.done.length;
  const per = key => (after[key] - before[key]) / count;
  const each = name => ((after.calls[name] ?? 0) - (before.calls[name] ?? 0)) / count;
  const sent = ['evalsha', 'bzpopmin', 'xread'];
  client.disconnect();
  await opened.inbox.stop();
  await opened.remote.dispose();
  for (const worker of workers) await worker.stop(1000);
  await Promise.all([server.dispose(), project.dispose()]);
  return [
    `${count} jobs: ${round(
      sent.reduce((sum, name) => sum + each(name), 0),
      1,
    )} calls a job (${sent.map(name => `${name} ${round(each(name), 1)}`).join(', ')}), which are ${round(per('commands'), 0)} commands with those inside scripts`,
    `${round(per('input'), 0)} bytes to Redis and ${round(per('output'), 0)} from it a job, and ${round(per('cpuMs'))} ms of its CPU time`,
  ];
}

async function recovery() {
  const lockMs = 4000;
  const lines = [];
  for (let turn = 0; turn < 3; turn++) {
    const [server, project] = [await openServer(), await openProject(20)];
    const opened = await openRemote(project.root, server.url, lockMs);
    const settings = { url: server.url, name: 'bench', lockMs, root: project.root };
    const [doomed, other] = [startChild({ ...settings, sleepMs: 60_000 }), startChild({ ...settings, sleepMs: 1 })];
    await Promise.all([doomed.ready, other.ready]);
    const begun = doomed.heard('begun');
    await opened.remote.start(project.root);
    await opened.inbox.start();
    await begun;
    doomed.child.kill('SIGKILL');
    const startMs = performance.now();
    await opened.inbox.whenIdle();
    const ms = performance.now() - startMs;
    lines.push(
      `lock ${lockMs} ms: all ${opened.done.length} of 20 done ${round(ms, 0)} ms after a worker was killed, ${round(ms / lockMs)} of the lock, allowed 1.5`,
    );
    other.child.send('stop');
    await once(other.child, 'exit');
    await opened.inbox.stop();
    await opened.remote.dispose();
    await Promise.all([server.dispose(), project.dispose()]);
  }
  return lines;
}

async function restart() {
  const [server, project] = [await openServer(), await openProject(600)];
  const opened = await openRemote(project.root, server.url, 4000);
  const workers = await fourWorkers(server, opened, { lockMs: 4000, runner: sleeper(5), describe: features(2) });
  await opened.remote.start(project.root);
  let restarts = 0;
  let next = 100;
  let restarting = Promise.resolve();
  opened.inbox.onEvent(event => {
    if (event.type !== 'done' || opened.done.length < next) return;
    next += 100;
    restarting = restarting.then(async () => {
      await server.kill();
      await server.start();
      restarts++;
    });
  });
  await opened.inbox.start();
  await opened.inbox.whenIdle();
  await restarting;
  const [lost, doubled] = [
    project.names.length - new Set(opened.done).size,
    opened.done.length - new Set(opened.done).size,
  ];
  await opened.inbox.stop();
  await opened.remote.dispose();
  for (const worker of workers) await worker.stop(1000);
  await Promise.all([server.dispose(), project.dispose()]);
  return [`600 jobs, Redis killed and started empty ${restarts} times: ${lost} lost, ${doubled} doubled`];
}

/** The rules of placement alone, over made-up workers: how often a model is loaded, beside handing out in turn. */
async function affinity() {
  const lines = [];
  for (const models of [4, 8, 16]) {
    const loads = { 'by what is loaded': 0, 'in turn': 0 };
    for (const how of Object.keys(loads)) {
      const workers = Array.from({ length: 8 }, () => ({ slots: 1, given: 0, memory: [], serves: () => true }));
      for (const worker of workers) worker.hasModel = ({ model }) => how !== 'in turn' && worker.memory.includes(model);
      const line = [];
      let seed = 1;
      const random = () => {
        seed = (seed * 48_271) % 2_147_483_647;
        return seed / 2_147_483_647;
      };
      const start = (worker, job) => {
        if (!worker.memory.includes(job.model)) loads[how]++;
        worker.memory = [...worker.memory.filter(model => model !== job.model), job.model].slice(-4);
      };
      for (let count = 0; count < 4000; count++) {
        while (line.length < 16) line.push({ model: Math.floor(random() * models), passedOver: 0 });
        const worker = workers[Math.floor(random() * workers.length)];
        const job = jobFor(worker, line);
        for (const other of line) if (other !== job && line.indexOf(other) < line.indexOf(job)) other.passedOver++;
        line.splice(line.indexOf(job), 1);
        start(worker, job);
      }
    }
    const [with_, without] = Object.values(loads);
    lines.push(
      `${models} models, 8 workers that keep 4 each, all busy: loaded for ${round(with_ / 40, 1)} % of jobs, in turn ${round(without / 40, 1)} %`,
    );
  }
  return lines;
}

/** Attempts without files: as many as can be, with workers that come and go and a Redis that forgets. */
async function storm(jobs) {
  const server = await openServer();
  const runner = bareSleeper(0);
  const store = bareStore;
  const remote = new RemoteRunner({ redis: server.url, name: 'bench', lockMs: 4000, store });
  await remote.start('storm');
  const workers = [];
  const addWorker = async () =>
    workers.push(
      await serveJobs({ redis: server.url, name: 'bench', lockMs: 4000, runner, store, describe: features(4) }),
    );
  for (let index = 0; index < 8; index++) await addWorker();
  const done = new Uint8Array(jobs);
  let [next, ended, again] = [0, 0, 0];
  const startMs = performance.now();
  const one = async index => {
    for (let attempt = 1; ; attempt++) {
      const request = {
        job: `j${index}`,
        token: `${index}-${attempt}`,
        path: `${index}.png`,
        source: '/',
        temporary: '',
        translation,
        mayGrow: false,
        alone: false,
        timeoutMs: 60_000,
      };
      try {
        await remote.runner.run({
          ...request,
          expected: { root: '/', identity: '' },
          signal: new AbortController().signal,
          onAccompanied() {},
        });
        done[index]++;
        ended++;
        return;
      } catch {
        again++;
        await new Promise(resolve => setTimeout(resolve, 20));
      }
    }
  };
  const feed = async () => {
    while (next < jobs) await one(next++);
  };
  let harmed = 0;
  const harm = setInterval(async () => {
    harmed++;
    if (harmed % 2 === 0) {
      const [leaving] = workers.splice(0, 1);
      await leaving.stop(1000);
      await addWorker();
    } else {
      await server.kill();
      await server.start();
    }
  }, 15_000);
  await Promise.all(Array.from({ length: 72 }, feed));
  clearInterval(harm);
  const seconds = (performance.now() - startMs) / 1000;
  const lost = done.filter(times => times === 0).length;
  const doubled = done.filter(times => times > 1).length;
  await remote.dispose();
  for (const worker of workers) await worker.stop(100);
  await server.dispose();
  return [
    `${ended} jobs in ${round(seconds, 0)} s (${round(ended / seconds, 0)} a second), ${harmed} harms: ${lost} lost, ${doubled} doubled, ${again} attempts again`,
  ];
}
