/** A run of a session, whose failures are coded errors. */
import type * as ort from 'onnxruntime-node';
import { asEngineError } from './engine-error.js';
import type { RunnableSession } from './session-thread.js';

/** @throws ENGINE_FAILED, OUT_OF_MEMORY, DEVICE_LOST */
export async function runSession(
  session: RunnableSession,
  feeds: Record<string, ort.Tensor>,
  fetches?: Record<string, ort.Tensor | null>,
): Promise<ort.InferenceSession.OnnxValueMapType> {
  try {
    return await session.run(feeds, fetches);
  } catch (error) {
    throw asEngineError(error, 'running');
  }
}
