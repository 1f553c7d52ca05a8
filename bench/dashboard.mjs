/**
 * `npm run bench:dashboard [-- idle latency lists streams] [--quick]`: what the dashboard costs a daemon that nobody looks at, how late an event
 * reaches a page at 50 jobs/s, and what 50 pages that listen cost. Real processes on temporary folders; the jobs are written into the
 * journal by a stand-in for the inbox, since no model does 50 a second here. It reports; it never fails.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { Journal } from '../dist/inbox/index.js';

const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const standIn = fileURLToPath(new URL('./dashboard-daemon.mjs', import.meta.url));
const token = 'token-of-the-bench';

/** @typedef {{ readonly what: string, readonly figure: number, readonly unit: string, readonly remark: string }} Row */

/** @returns {Row} */
const row = (what, figure, unit, remark = '') => ({ what, figure, unit, remark });
const quantile = (values, q) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * q)] ?? Number.NaN;

/**
 * @param {{ quick?: boolean, sections?: readonly string[] }} [options]
 * @returns {Promise<Row[]>}
 */
export async function dashboardRows({ quick = false, sections = ['idle', 'latency', 'lists', 'streams'] } = {}) {
  const rows = [];
  if (sections.includes('idle')) rows.push(...(await idleRows(quick ? 10 : 30)));
  if (sections.includes('latency')) rows.push(...(await latencyRows(quick ? 10 : 30)));
  if (sections.includes('lists')) rows.push(...(await listRows(quick ? 20_000 : 100_000)));
  if (sections.includes('streams')) rows.push(...(await streamRows(quick ? 30 : 600)));
  return rows;
}

async function withProject(config, work) {
  const root = await mkdtemp(join(tmpdir(), 'cyclebox-bench-'));
  try {
    await mkdir(join(root, 'inbox'));
    const routes = [{ match: '**', pair: 'horse-zebra', to: 'zebra' }];
    await writeFile(join(root, 'watch-config.json'), JSON.stringify({ routes, ...config }));
    return await work(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Starts a process and waits for words in what it writes. */
async function start(args, cwd, words) {
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    out += chunk;
    if (out.includes(words)) break;
  }
  child.stdout.resume();
  return { child, out };
}

async function stop(child) {
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/**
 * Of one process, from /proc: CPU time in ms (to the microsecond, where ticks of 10 ms would hide an idle process), how often its threads
 * were woken, memory in MB (what is its own alone, and shared pages in part).
 */
async function costOf(pid) {
  const threads = await readdir(`/proc/${pid}/task`);
  const of = async name =>
    Promise.all(threads.map(id => readFile(`/proc/${pid}/task/${id}/${name}`, 'utf8').catch(() => '')));
  const sum = numbers => numbers.reduce((total, one) => total + one, 0);
  const cpuMs = sum((await of('schedstat')).map(text => Number(text.split(' ')[0]) / 1e6));
  const wakes = sum(
    (await of('status')).map(text => Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(text)?.[1] ?? 0)),
  );
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return { cpuMs, wakes, memoryMegabytes: (Number(/^Pss: +(\d+)/m.exec(rollup)?.[1]) * 1024) / 1e6 };
}

async function idleRows(seconds) {
  const measured = {};
  for (const [name, args] of [
    ['without', ['--no-dashboard']],
    ['with', []],
  ]) {
    measured[name] = await withProject({ dashboard: { port: 0, token } }, async root => {
      const words = name === 'with' ? 'dashboard: ' : 'watching ';
      const { child } = await start([cli, 'start', ...args], root, words);
      await setTimeout(8000);
      const before = await costOf(child.pid);
      await setTimeout(seconds * 1000);
      const after = await costOf(child.pid);
      await stop(child);
      return {
        cpuShare: (after.cpuMs - before.cpuMs) / (seconds * 10),
        wakes: (after.wakes - before.wakes) / seconds,
        memory: after.memoryMegabytes,
      };
    });
  }
  const more = measured.with.memory - measured.without.memory;
  const remark = `over ${seconds} s, nobody looking`;
  return [
    row('idle daemon without dashboard: CPU', measured.without.cpuShare, '%', remark),
    row('idle daemon with dashboard: CPU', measured.with.cpuShare, '%', remark),
    row('idle daemon without dashboard: wake-ups', measured.without.wakes, '/s', remark),
    row('idle daemon with dashboard: wake-ups', measured.with.wakes, '/s', remark),
    row('memory of the dashboard, beside the daemon', more, 'MB', `${measured.without.memory.toFixed(0)} MB without`),
  ];
}

/** Listens, and calls back with each event's data and the time of its arrival (epoch). */
async function listen(port, onEvent) {
  const headers = { authorization: `Bearer ${token}` };
  const outgoing = request({ host: '127.0.0.1', port, path: '/api/stream', headers, agent: false });
  outgoing.on('error', () => {});
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  let text = '';
  response.on('error', () => {});
  response.setEncoding('utf8').on('data', chunk => {
    text += chunk;
    const frames = text.split('\n\n');
    text = frames.pop() ?? '';
    const atMs = Date.now();
    for (const frame of frames) {
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (data !== undefined) onEvent(JSON.parse(data), atMs);
    }
  });
  return () => outgoing.destroy();
}

/** A daemon whose jobs are made up, so many a second. */
async function withStandIn(perSecond, work) {
  return withProject({ dashboard: { port: 0, token } }, async root => {
    const { child, out } = await start([standIn, root, String(perSecond), token], root, 'port ');
    try {
      return await work(Number(/port (\d+)/.exec(out)?.[1]), child.pid);
    } finally {
      await stop(child);
    }
  });
}

async function latencyRows(seconds) {
  const lateMs = await withStandIn(50, async port => {
    const late = [];
    const close = await listen(port, (event, atMs) => {
      // Of several changes of one job in one gathering, the page hears the last.
      if (event.type === 'jobs') for (const job of event.jobs) late.push(atMs - job.updatedMs);
    });
    await setTimeout(seconds * 1000);
    close();
    return late;
  });
  const remark = `${lateMs.length} changes of jobs in ${seconds} s`;
  return [
    row('event to page at 50 jobs/s: median', quantile(lateMs, 0.5), 'ms', remark),
    row('event to page at 50 jobs/s: 95 %', quantile(lateMs, 0.95), 'ms', remark),
  ];
}

/** What lists of 100 000 jobs take, in the daemon's own thread. */
async function listRows(jobs) {
  return withProject({}, async root => {
    const journal = new Journal(join(root, 'journal.sqlite'));
    const translation = { key: 'horse-zebra/zebra', version: 'v1' };
    for (let at = 0; at < jobs; at += 1000) {
      const name = index => ({
        path: `${Math.floor(index / 100)}/${index}.jpg`,
        identity: `${index}`,
        translation,
        isUnknown: true,
      });
      journal.ingest(
        Array.from({ length: Math.min(1000, jobs - at) }, (_, index) => name(at + index)),
        [],
      );
    }
    const { pages } = journal;
    const timed = (what, work) => {
      const times = Array.from({ length: 15 }, () => {
        const before = performance.now();
        work();
        return performance.now() - before;
      });
      return row(`${what}, of ${jobs} jobs`, quantile(times, 0.5), 'ms', 'median of 15');
    };
    const queued = { states: ['queued'] };
    const rows = [
      timed('first page of 100', () => pages.page({ limit: 100 })),
      timed('page of 100 at nine tenths', () => pages.page({ ...queued, limit: 100, skip: Math.floor(jobs * 0.9) })),
      timed('next turns of 100', () => pages.page({ ...queued, order: 'turn', limit: 100 })),
      timed('counts by state', () => pages.counts({})),
      timed('search that finds nothing', () => pages.page({ search: 'zzz', limit: 100 })),
      timed('failures by cause', () => pages.failures()),
    ];
    journal.dispose();
    return rows;
  });
}

async function streamRows(seconds) {
  const { samples, share } = await withStandIn(50, async (port, pid) => {
    const closes = await Promise.all(Array.from({ length: 50 }, () => listen(port, () => {})));
    await setTimeout(10_000);
    const before = await costOf(pid);
    const samples = [];
    for (let part = 0; part < 10; part++) {
      await setTimeout(seconds * 100);
      samples.push((await costOf(pid)).memoryMegabytes);
    }
    const after = await costOf(pid);
    for (const close of closes) close();
    return { samples, share: (after.cpuMs - before.cpuMs) / (seconds * 10) };
  });
  const remark = `50 jobs/s for ${seconds} s; ${samples.map(one => one.toFixed(0)).join(' ')} MB`;
  return [
    row('50 streams: memory at the end beside the middle', samples.at(-1) - samples[4], 'MB', remark),
    row('50 streams: CPU of the daemon', share, '%'),
  ];
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const sections = process.argv.slice(2).filter(word => !word.startsWith('--'));
  const quick = process.argv.includes('--quick');
  const rows = await dashboardRows({ quick, ...(sections.length > 0 && { sections }) });
  for (const { what, figure, unit, remark } of rows)
    console.log(`${what.padEnd(55)} ${figure.toFixed(figure < 1 ? 3 : 1).padStart(8)} ${unit.padEnd(3)} ${remark}`);
}
