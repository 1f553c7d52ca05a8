/**
 * The compute worker's entry: the only process that decodes images and runs networks for the daemon. It may die of
 * either; the daemon starts another and tries the job again.
 */
import sharp from 'sharp';
import { openEngine } from '../engine/index.js';
import { blockUntrustedLoaders } from '../image/index.js';
import { serveParent } from '../process/index.js';
import type { MemoryStep, OpenEngine } from '../translate/index.js';
import { type ComputeApi, type ComputeListener, computeProtocol } from './compute-protocol.js';
import { ComputeService } from './compute-service.js';

// Every image is decoded once: a cache would only hold memory.
sharp.cache(false);
blockUntrustedLoaders();

let service: ComputeService | undefined;
await serveParent<ComputeApi, ComputeListener>({
  protocol: computeProtocol,
  handlers: daemon => {
    // Only told: whether the daemon heard changes nothing here.
    const onMemoryStep = (step: MemoryStep) => void daemon.call('memoryStep', step).catch(() => {});
    const onProgress = (job: string, fraction: number) =>
      void daemon.call('progress', { job, fraction }).catch(() => {});
    const open: OpenEngine = (choice, options) => openEngine(choice, { ...options, ownThread: true });
    service = new ComputeService({ onMemoryStep, onProgress, openEngine: open });
    return service.handlers();
  },
  onClose: () => service?.dispose(),
  // In an orderly exit, a run that is under way would abort with a message that nobody is there to read.
  onOrphaned: () => process.kill(process.pid, 'SIGKILL'),
});
