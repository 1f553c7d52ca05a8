/**
 * Trainings that are queued for any machine, wired to a configuration: who puts them in and looks at them, and who trains them. The
 * folders "images" and "runs" of "trainings" are the ones that all machines share, wherever each has mounted them.
 */
import { stat } from 'node:fs/promises';
import { CycleboxError, type Listener } from '../base/index.js';
import {
  type ServedTrainings,
  type ServeTrainingsEvent,
  SharedRuns,
  serveTrainings,
  TrainingQueue,
} from '../dispatch/index.js';
import { type DaemonConfig, pluginOptionsOf, type QueueConfig, type TrainingsConfig } from './config/index.js';
import { type ChooseDevices, resolveDevices } from './pool/index.js';

export interface ServeTrainingOptions {
  readonly onEvent?: Listener<ServeTrainingsEvent> | undefined;
  /** What the training's process writes. */
  readonly onLine?: ((text: string) => void) | undefined;
  /** Finds other devices than this machine has; for tests. */
  readonly chooseDevices?: ChooseDevices | undefined;
}

/** @throws CONFIG_INVALID without a queue and folders, FILE_NOT_FOUND (not mounted), QUEUE_UNAVAILABLE */
export async function openTrainingQueue(config: DaemonConfig): Promise<TrainingQueue> {
  const { queue, trainings } = trainingPlaces(config);
  return TrainingQueue.open({ ...queue, store: await SharedRuns.open(trainings.runs) });
}

/** @throws as `openTrainingQueue`, and ENGINE_UNAVAILABLE */
export async function serveQueuedTrainings(
  config: DaemonConfig,
  { onEvent, onLine, chooseDevices }: ServeTrainingOptions = {},
): Promise<ServedTrainings> {
  const { queue, trainings } = trainingPlaces(config);
  await requireImages(trainings.images);
  const store = await SharedRuns.open(trainings.runs);
  const { devices } = await resolveDevices(config.engine, chooseDevices);
  const served = await serveTrainings({
    ...queue,
    ...{ store, roots: trainings, threads: config.threads, onLine },
    offers: devices.map(({ id }) => id),
    background: queue.trainings !== 'only',
    plugins: () => ({ ...pluginOptionsOf(config), settings: config.settings }),
  });
  if (onEvent) served.onEvent(onEvent);
  return served;
}

/** @throws CONFIG_INVALID */
export function trainingPlaces({ queue, trainings }: Pick<DaemonConfig, 'queue' | 'trainings'>): {
  readonly queue: QueueConfig;
  readonly trainings: TrainingsConfig;
} {
  if (queue && trainings) return { queue, trainings };
  const missing = queue
    ? '"trainings", with the folders "images" and "runs" that all machines see'
    : '"queue", with the "backend" "bullmq"';
  throw new CycleboxError('CONFIG_INVALID', `Queued trainings need ${missing}, in watch-config.json.`);
}

async function requireImages(folder: string): Promise<void> {
  const isThere = await stat(folder).then(
    status => status.isDirectory(),
    () => false,
  );
  if (isThere) return;
  const message = `${folder} is not there: a worker that trains needs the folder "trainings.images", mounted on this machine.`;
  throw new CycleboxError('FILE_NOT_FOUND', message, { subject: { file: folder } });
}
