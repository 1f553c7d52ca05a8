/**
 * The entry of a training's own process: see training-service.ts. When whoever started it is gone, it ends the training as
 * if it had been asked to stop: with a checkpoint, after the step under way.
 */
import { blockUntrustedLoaders } from '../../image/index.js';
import { serveParent } from '../../process/index.js';
import { type TrainingApi, type TrainingListener, trainingProtocol } from './training-protocol.js';
import { TrainingService } from './training-service.js';

blockUntrustedLoaders();

let service: TrainingService | undefined;
await serveParent<TrainingApi, TrainingListener>({
  protocol: trainingProtocol,
  handlers: parent => {
    // Only told: whether anybody heard changes nothing here.
    service = new TrainingService(event => void parent.call('event', event).catch(() => {}));
    return service.handlers();
  },
  onOrphaned: () => void service?.shutDown().finally(() => process.exit(0)),
});
