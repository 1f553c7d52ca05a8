/**
 * The entry of a decoding thread. One image at a time, in the order of the requests, so that memory stays bounded and
 * what the next steps need comes first.
 */
import { parentPort } from 'node:worker_threads';
import { errorToData } from '../../base/index.js';
import { decodeOnOneThread } from '../../image/index.js';
import { type DecodeRequest, decodeParts, type Pixels } from './decode-parts.js';
import type { FromThread, ToThread } from './decode-thread.js';

decodeOnOneThread();
const port = parentPort!;
let line = Promise.resolve();
let isEnding = false;

port.on('message', (message: ToThread) => {
  if (message !== 'end') {
    line = line.then(() => answer(message));
    return;
  }
  isEnding = true;
  port.close();
});

async function answer({ id, request }: { readonly id: number; readonly request: DecodeRequest }): Promise<void> {
  if (isEnding) return;
  try {
    const pictures = (await decodeParts(request)).map(ownCopy);
    post(
      { id, pictures },
      pictures.map(({ rgb }) => rgb.buffer),
    );
  } catch (error) {
    post({ id, error: errorToData(error) }, []);
  }
}

function post(message: FromThread, transferred: readonly ArrayBuffer[]): void {
  if (!isEnding) port.postMessage(message, transferred);
}

/** Memory that belongs to the decoder, or to a pool of buffers, cannot be handed to another thread. */
function ownCopy({ width, height, rgb }: Pixels): Pixels & { readonly rgb: Uint8Array<ArrayBuffer> } {
  return { width, height, rgb: new Uint8Array(rgb) };
}
