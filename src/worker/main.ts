/**
 * The compute worker's entry: the only process that decodes images and runs networks for the daemon. It may die of
 * either; the daemon starts another and tries the job again.
 */
import sharp from 'sharp';
import { blockUntrustedLoaders } from '../image/index.js';
import { serveParent } from '../process/index.js';
import { type ComputeApi, computeProtocol } from './compute-protocol.js';
import { ComputeService } from './compute-service.js';

// Every image is decoded once: a cache would only hold memory.
sharp.cache(false);
blockUntrustedLoaders();

const service = new ComputeService();
await serveParent<ComputeApi>({
  protocol: computeProtocol,
  handlers: () => service.handlers(),
  onClose: () => service.dispose(),
});
