/** What to change when a training does not fit into memory: an engine knows only that it does not. */
import { CycleboxError } from '../../base/index.js';
import type { Device } from '../../engine/index.js';
import type { TrainingSettings } from '../settings.js';

/** An error as it is, except OUT_OF_MEMORY, which learns what the training asked for and which option lowers it. */
export function explainMemory(error: unknown, settings: TrainingSettings, device: Device): unknown {
  if (!(error instanceof CycleboxError) || error.code !== 'OUT_OF_MEMORY') return error;
  const { batch, size, width, pair } = settings;
  const asked = `batch ${batch}, crops of ${size}, width ${width}`;
  const message = `Training ${pair} with ${asked} does not fit into the memory of ${device.name} (${device.id}). ${advice(settings)}`;
  return new CycleboxError('OUT_OF_MEMORY', message, { subject: { ...error.subject, pair }, cause: error });
}

/** The batch first: it changes the result least. */
function advice({ batch, size, width }: TrainingSettings): string {
  const smaller = Math.max(32, Math.floor(size / 8) * 4);
  if (batch > 1) return `Give --batch ${Math.floor(batch / 2)}, and if that is not enough, --size ${smaller}.`;
  if (size > 32) return `Give --size ${smaller}, and if that is not enough, a --width below ${width}.`;
  return `Give a --width below ${width}.`;
}
