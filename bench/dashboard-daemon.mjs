/**
 * A daemon with its dashboard whose images are made up: `node dashboard-daemon.mjs ROOT PER_SECOND TOKEN`. It puts a file for each into
 * its inbox; its runner copies. So everything but the network is what a daemon does: seeing, the journal, publishing, events.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setInterval } from 'node:timers';
import { Emitter } from '../dist/base/index.js';
import { EventLog, eventWords } from '../dist/daemon/index.js';
import { Inbox } from '../dist/inbox/index.js';
import { openDashboard } from '../dist/server/index.js';

const [root = '.', perSecond = '50', token = ''] = process.argv.slice(2);
const [inboxFolder, outbox, state] = ['inbox', 'outbox', '.cyclebox'].map(name => join(root, name));
const report = { width: 256, height: 256, bytes: 4, tiles: 1, decodeMs: 1, loadMs: 0, translateMs: 1, encodeMs: 1 };
const inbox = await Inbox.open({
  ...{ inbox: inboxFolder, outbox, state, settleMs: 0, decodeGraceMs: 0, concurrency: 8 },
  route: () => ({ kind: 'translate', translation: { key: 'horse-zebra/zebra', version: 'v1' } }),
  runner: {
    async run({ source, temporary }) {
      await mkdir(join(temporary, '..'), { recursive: true });
      await writeFile(temporary, 'done');
      return { ...report, name: source.split('/').at(-1) };
    },
  },
});
const log = new EventLog();
inbox.onEvent(event => {
  for (const said of eventWords(event, outbox)) log.add(said);
});
const trainings = { running: [], refusal: 'none here', list: async () => [], onEvent: new Emitter().event };
const daemon = {
  pid: process.pid,
  host: '',
  version: '0',
  startedMs: Date.now(),
  workers: [],
  passedOver: [],
  routes: [],
  done: 0,
  failed: 0,
};
const service = {
  status: async () => ({ ...inbox.status(), daemon, inbox: inboxFolder, outbox, state }),
  config: { inbox: inboxFolder, outbox, state, webhooks: [] },
  ...{ routes: [], jobs: inbox.lists, log, trainings, onEvent: inbox.onEvent, deliveries: inbox.deliveries },
};
const config = { port: 0, host: '127.0.0.1', token, allowedHosts: [] };
const dashboard = await openDashboard({ service, config, onDefect: console.error });
await inbox.start();
process.stdout.write(`port ${dashboard.port}\n`);

let number = 0;
const timer = setInterval(() => {
  void writeFile(join(inboxFolder, `${String(++number).padStart(7, '0')}.png`), 'an image');
}, 1000 / Number(perSecond));
process.on('SIGTERM', async () => {
  clearInterval(timer);
  await dashboard.dispose();
  await inbox.stop();
  process.exit();
});
