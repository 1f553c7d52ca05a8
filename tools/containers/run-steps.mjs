/**
 * Does what a Dockerfile says without Docker: every stage in a folder of its own, with its COPY and RUN steps, from the files that
 * git knows; then the HEALTHCHECK against the ENTRYPOINT in the last one. `node tools/containers/run-steps.mjs Dockerfile`.
 *
 * It is no image build: the base images, USER and the read-only root are not there. Steps that change the machine
 * (apt-get, useradd, chown) or fetch hundreds of megabytes are named and left out.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DockerfileParser } from 'dockerfile-ast';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [file = 'Dockerfile'] = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'cyclebox-container-'));
const foreign = /\b(apt-get|useradd|chown)\b|--onnxruntime-node-install=cuda/;

/** @typedef {{ folder: string, cwd: string, env: Record<string, string> }} Stage */
/** @type {Map<string, Stage>} */
const stages = new Map();
/** @type {Stage} */
let stage;
/** @type {{ entry?: string[], health?: string[] }} */
const image = {};

const inStage = path => join(stage.folder, posix.resolve(stage.cwd, path));
/** `/app/x` in a stage is a file of its folder. */
const mapped = word => (word.startsWith('/app/') ? join(stage.folder, word) : word);

function copyContext(to) {
  mkdirSync(to, { recursive: true });
  const known = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const ignored = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter(line => line && !line.startsWith('#'));
  for (const path of known.split('\0').filter(Boolean)) {
    if (!ignored.some(name => path === name || path.startsWith(`${name}/`))) cpSync(join(root, path), join(to, path));
  }
}

const steps = {
  FROM(instruction) {
    stage = { folder: join(work, `stage-${stages.size}`), cwd: '/', env: {} };
    mkdirSync(stage.folder);
    stages.set(instruction.getBuildStage() ?? String(stages.size), stage);
  },
  WORKDIR(instruction) {
    stage.cwd = posix.resolve(stage.cwd, instruction.getArgumentsContent());
    mkdirSync(inStage('.'), { recursive: true });
  },
  ENV(instruction) {
    for (const property of instruction.getProperties()) stage.env[property.getName()] = property.getValue();
  },
  COPY(instruction) {
    const [from, to] = instruction.getArguments().map(argument => argument.getValue());
    const source = instruction
      .getFlags()
      .find(flag => flag.getName() === 'from')
      ?.getValue();
    if (source === undefined) return copyContext(inStage(to));
    if (!from.startsWith('/src/')) return console.log(`   left out: ${from} of a base image`);
    const target = to.endsWith('/') && /\.\w+$/.test(from) ? join(to, posix.basename(from)) : to;
    cpSync(join(stages.get(source).folder, from), inStage(target), { recursive: true, verbatimSymlinks: true });
  },
  RUN(instruction) {
    const command = instruction.getArgumentsContent();
    if (foreign.test(command))
      return console.log(`   left out, it changes the machine or fetches too much: ${command}`);
    const { status } = spawnSync('sh', ['-euc', command], {
      cwd: inStage('.'),
      env: { ...process.env, ...stage.env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (status !== 0) throw new Error(`${file}: RUN ${command} ended with ${status}`);
  },
  ENTRYPOINT(instruction) {
    image.entry = JSON.parse(instruction.getArgumentsContent()).map(mapped);
  },
  HEALTHCHECK(instruction) {
    image.health = JSON.parse(instruction.getArgumentsContent().replace(/^.*?CMD /s, ''));
  },
};

/** A daemon as the image starts it, asked as the image asks it. */
async function checkHealth() {
  const data = join(work, 'data');
  mkdirSync(data);
  const [command, ...args] = image.entry;
  const port = 20_000 + (process.pid % 20_000);
  const env = { ...process.env, ...stage.env, CYCLEBOX_DASHBOARD__PORT: String(port) };
  const routes = [{ match: 'satellite-to-map/**', pair: 'satellite-map', to: 'map' }];
  writeFileSync(join(data, 'watch-config.json'), JSON.stringify({ routes, engine: 'cpu' }));
  const [probe, ...words] = image.health.map(word => word.replace('7345', String(port)));
  const before = spawnSync(probe, words, { cwd: data }).status;
  if (before === 0) throw new Error('the health check succeeds where nothing runs');
  const daemon = spawn(command, [...args, 'start'], { cwd: data, env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await new Promise((resolve, reject) => {
      daemon.stdout.on('data', text => String(text).includes('127.0.0.1') && resolve());
      daemon.on('exit', code => reject(new Error(`the daemon ended with ${code}`)));
    });
    const { status } = spawnSync(probe, words, { cwd: data });
    if (status !== 0) throw new Error(`the health check ends with ${status} where the daemon runs`);
  } finally {
    daemon.removeAllListeners('exit');
    daemon.kill('SIGTERM');
    await new Promise(resolve => (daemon.exitCode === null ? daemon.once('exit', resolve) : resolve()));
  }
}

try {
  for (const instruction of DockerfileParser.parse(readFileSync(join(root, file), 'utf8')).getInstructions()) {
    const step = steps[instruction.getKeyword()];
    if (!step) continue;
    console.log(`${instruction.getKeyword()} ${instruction.getArgumentsContent()?.slice(0, 100) ?? ''}`);
    step(instruction);
  }
  await checkHealth();
  console.log(
    `${file}: every step that can be done here went well, and the health check tells a daemon that runs from none.`,
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}
