/**
 * `npm run bench:queue -- whole [--jobs 100000] [--folder /dev/shm] [--every 60] [--lock 10000]`: jobs through the whole inbox, that is a journal, Redis,
 * workers and the outbox, while every so many seconds something is harmed, in turn: a worker killed, Redis killed with its disk and
 * without, a worker stopped, or its network cut, for twice the lock, the daemon killed. Workers are simulated: they sleep 0 to 20 ms and
 * copy. Then each output is compared with its input. What the disk costs is not the question here: `--folder /dev/shm` has a journal
 * whose syncs cost nothing.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';
import { SharedFolderStore, serveJobs } from '../dist/dispatch/index.js';
import { networkFault, openNetwork } from '../tools/cuttable-network.mjs';
import { features, foldersOf, openRemote, openServer, round, sleeper } from './queue-parts.mjs';

const workerCount = 4;
const slots = 2;
const perFolder = 1000;
const program = fileURLToPath(import.meta.url);

if (process.argv[2] === '--daemon') await daemon(JSON.parse(process.argv[3]));
if (process.argv[2] === '--worker') await worker(JSON.parse(process.argv[3]));

/** Works until there is nothing left, and says so. */
async function daemon({ url, root, lockMs }) {
  const { inbox, remote } = await openRemote(root, url, lockMs);
  let done = 0;
  inbox.onEvent(event => {
    if (event.type === 'done' && ++done % 100 === 0) process.send({ done: 100 });
  });
  await remote.start(root);
  await inbox.start();
  await inbox.whenIdle();
  await inbox.stop();
  await remote.dispose();
  process.send({ idle: true });
  process.disconnect();
}

/** Notes each result that it has handed over, before anybody can know of it. */
async function worker({ url, root, lockMs }) {
  const shared = new SharedFolderStore(foldersOf(root));
  const store = {
    async open(attempt) {
      const files = await shared.open(attempt);
      const deliver = async () => {
        await files.deliver();
        appendFileSync(join(root, 'delivered.txt'), `${attempt.token}\n`);
      };
      return { ...files, deliver };
    },
    dispose() {},
  };
  const runner = sleeper(() => Math.random() * 20);
  const served = await serveJobs({ redis: url, name: 'bench', lockMs, runner, store, describe: features(slots) });
  process.send({ ready: true });
  process.on('message', async () => {
    await served.stop(1000);
    process.disconnect();
  });
}

/** @returns what came out, as lines */
export async function whole(args = []) {
  const option = (name, usual) => (args.includes(name) ? args[args.indexOf(name) + 1] : usual);
  const jobs = Number(option('--jobs', 100_000));
  const parent = option('--folder', tmpdir());
  const everyMs = Number(option('--every', 60)) * 1000;
  const lockMs = Number(option('--lock', 10_000));
  const root = await mkdtemp(join(parent, 'cyclebox-bench-whole-'));
  const noNetwork = networkFault();
  const network = noNetwork === undefined ? openNetwork() : undefined;
  const bind = network ? ['127.0.0.1', network.host] : '127.0.0.1';
  const server = await openServer({ bind, 'protected-mode': 'no', appendonly: 'yes' }, parent);
  const company = new Company({ root, server, network, lockMs });
  try {
    const paths = await fill(root, jobs);
    for (let index = 0; index < workerCount; index++) await company.addWorker(network && index === 0);
    const startMs = performance.now();
    const harms = await company.workThrough(everyMs);
    const seconds = (performance.now() - startMs) / 1000;
    const said = Object.entries(harms).map(([what, times]) => `${what} ${times}`);
    return [
      `${jobs} jobs, a lock of ${lockMs} ms, in ${round(seconds, 0)} s (${round(jobs / seconds, 1)} a second), files and journal in ${parent}`,
      `harms: ${said.join(', ')}${noNetwork ? `; no network was cut: ${noNetwork}` : ''}`,
      ...(await comparison(root, paths)),
    ];
  } finally {
    await company.dispose();
    await server.dispose();
    network?.dispose();
    await rm(root, { recursive: true, force: true });
  }
}

/** Each file's content is its path. */
async function fill(root, jobs) {
  const paths = [];
  for (let index = 0; index < jobs; index++) {
    const folder = String(Math.floor(index / perFolder)).padStart(4, '0');
    if (index % perFolder === 0) await mkdir(join(root, 'inbox', folder), { recursive: true });
    const path = join(folder, `${String(index).padStart(6, '0')}.png`);
    await writeFile(join(root, 'inbox', path), path);
    paths.push(path);
  }
  return paths;
}

/** The processes, and what befalls them. */
class Company {
  #root;
  #server;
  #network;
  #lockMs;
  /** The first is the one with a network of its own, where there is one. */
  #workers = [];
  #daemon;
  #done = 0;
  #recovering = Promise.resolve();

  constructor({ root, server, network, lockMs }) {
    this.#lockMs = lockMs;
    this.#root = root;
    this.#server = server;
    this.#network = network;
  }

  async addWorker(isApart) {
    const child = this.#start('--worker', isApart);
    await new Promise(resolve => child.once('message', resolve));
    if (isApart) this.#workers.unshift(child);
    else this.#workers.push(child);
  }

  /** @returns how often each harm was done */
  async workThrough(everyMs) {
    const counts = {};
    const harms = Object.entries(this.#harms());
    let turn = 0;
    let last = Promise.resolve();
    const timer = setInterval(() => {
      const [what, harm] = harms[turn++ % harms.length];
      last = last.then(harm).then(() => {
        counts[what] = (counts[what] ?? 0) + 1;
        console.error(`${new Date().toISOString()} ${what}; ${this.#done} done`);
      });
    }, everyMs);
    await new Promise((resolve, reject) => {
      this.#whenIdle = resolve;
      this.#whenBroken = reject;
      this.#startDaemon();
    });
    clearInterval(timer);
    await last;
    await this.#recovering;
    return counts;
  }

  async dispose() {
    for (const child of this.#workers) {
      if (child.connected) child.send('stop');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    this.#daemon?.kill('SIGKILL');
  }

  #whenIdle = () => {};
  #whenBroken = () => {};

  #harms() {
    const longMs = 2 * this.#lockMs;
    return {
      'a worker killed': async () => {
        const killed = this.#workers.pop();
        killed.kill('SIGKILL');
        await this.addWorker(false);
      },
      'Redis killed, with its disk': async () => {
        await this.#server.kill();
        await this.#server.start();
      },
      ...(this.#network && {
        'a network cut': async () => {
          this.#network.cut();
          await this.#after(longMs, () => this.#network.mend());
        },
      }),
      'the daemon killed': async () => {
        this.#daemon.kill('SIGKILL');
        await once(this.#daemon, 'exit');
        this.#startDaemon();
      },
      'a worker stopped': async () => {
        const [, stopped] = this.#workers;
        stopped.kill('SIGSTOP');
        await this.#after(longMs, () => stopped.kill('SIGCONT'));
      },
      'Redis killed, without its disk': async () => {
        await this.#server.kill();
        await this.#server.forget();
        await this.#server.start();
      },
    };
  }

  #after(ms, act) {
    this.#recovering = new Promise(resolve => setTimeout(resolve, ms)).then(act);
    return this.#recovering;
  }

  #startDaemon() {
    const child = this.#start('--daemon', false);
    this.#daemon = child;
    child.on('message', ({ done = 0, idle }) => {
      this.#done += done;
      if (idle) this.#whenIdle();
    });
    child.on('exit', (code, signal) => {
      if (signal !== 'SIGKILL' && code !== 0) this.#whenBroken(new Error(`the daemon ended with ${code ?? signal}`));
    });
  }

  #start(role, isApart) {
    const host = isApart ? this.#network.host : '127.0.0.1';
    const settings = { url: `redis://${host}:${this.#server.port}`, root: this.#root, lockMs: this.#lockMs };
    const args = [program, role, JSON.stringify(settings)];
    const [command, words] = isApart ? this.#network.within(process.execPath, ...args) : [process.execPath, args];
    return spawn(command, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }
}

/** What is in the outbox and in the journal when all has ended. */
async function comparison(root, paths) {
  const { outbox } = foldersOf(root);
  const files = (await readdir(outbox, { recursive: true })).filter(name => name.endsWith('.png'));
  const outputs = new Set(files.filter(name => !name.startsWith('.cyclebox')));
  const journal = new Database(join(root, 'state', 'journal.sqlite'), { readonly: true });
  const ledger = new Database(join(outbox, '.cyclebox', 'published.sqlite'), { readonly: true });
  const published = ledger.prepare('SELECT output, mark FROM published').all();
  const marks = new Map(published.map(({ output, mark }) => [output, mark]));
  let [lost, wrong, replaced] = [0, 0, 0];
  for (const path of paths) {
    const content = await readFile(join(outbox, path), 'utf8').catch(() => undefined);
    if (content === undefined) lost++;
    else if (content !== path) wrong++;
    else if (!marks.get(path)?.startsWith(`${(await stat(join(outbox, path), { bigint: true })).ino}:`)) replaced++;
  }
  const count = sql => journal.prepare(sql).get().count;
  const ended = journal.prepare('SELECT outcome, code, count(*) AS count FROM attempts GROUP BY 1, 2').all();
  const twice = count(
    `SELECT count(*) AS count FROM (SELECT job FROM attempts WHERE outcome = 'done' GROUP BY job HAVING count(*) > 1)`,
  );
  const notDone = count(`SELECT count(*) AS count FROM jobs WHERE state <> 'done'`);
  const delivered = (await readFile(join(root, 'delivered.txt'), 'utf8')).trim().split('\n').length;
  const longest = count(
    'SELECT max(ended - started) AS count FROM (SELECT max(ended_ms) AS ended, min(started_ms) AS started FROM attempts GROUP BY job)',
  );
  const staged = await readdir(join(outbox, '.cyclebox', 'staged')).catch(() => []);
  journal.close();
  ledger.close();
  const again = published.length - marks.size;
  const extra = outputs.size - (paths.length - lost);
  return [
    `lost ${lost} (jobs that the journal does not call done: ${notDone}), with another's content ${wrong}`,
    `doubled ${extra + twice + again + replaced}: outputs beyond one each ${extra}, jobs done twice ${twice}, names given twice ${again}, outputs that are not the file that was published ${replaced}`,
    `late: ${delivered - paths.length + lost} of ${delivered} results came when their attempt was no longer wanted, and were not published; ${staged.length} of them lie there still, to be swept`,
    `attempts: ${ended.map(({ outcome, code, count: times }) => `${outcome ?? 'open'}${code ? ` ${code}` : ''} ${times}`).join(', ')}; longest from a first attempt to the end ${round(longest / 1000, 1)} s`,
  ];
}
