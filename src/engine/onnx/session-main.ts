/** The entry of a thread in which sessions run: one call after the other, in the order in which they came. */
import './no-telemetry.js';

import { parentPort } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';
import type {
  FromSessionThread,
  OpenedSession,
  PassedTensor,
  RunAnswer,
  SessionCall,
  ToSessionThread,
} from './session-thread.js';

ort.env.logLevel = 'fatal';

const port = parentPort!;
const sessions = new Map<number, ort.InferenceSession>();
let opened = 0;
let line = Promise.resolve();

port.on('message', (message: ToSessionThread) => {
  line = line.then(() => (message === 'end' ? port.close() : answer(message)));
});

async function answer({ id, call }: Exclude<ToSessionThread, 'end'>): Promise<void> {
  try {
    const value = await does(call);
    port.postMessage(
      { id, value } satisfies FromSessionThread,
      call.kind === 'run' ? buffersOf(value as RunAnswer) : [],
    );
  } catch (error) {
    port.postMessage({ id, error: error instanceof Error ? error.message : String(error) } satisfies FromSessionThread);
  }
}

async function does(call: SessionCall): Promise<unknown> {
  if (call.kind === 'open') return await open(call);
  const session = sessions.get(call.session);
  if (!session) throw new Error('the session is not open in this thread');
  switch (call.kind) {
    case 'run':
      return await run(session, call);
    case 'release':
      sessions.delete(call.session);
      return await session.release();
    case 'endProfiling':
      return session.endProfiling();
    default:
      return call satisfies never;
  }
}

async function open({ bytes, options }: SessionCall & { readonly kind: 'open' }): Promise<OpenedSession> {
  const session = await ort.InferenceSession.create(bytes, options);
  const { inputNames, outputNames, inputMetadata, outputMetadata } = session;
  sessions.set(++opened, session);
  return { session: opened, inputNames, outputNames, inputMetadata, outputMetadata };
}

async function run(
  session: ort.InferenceSession,
  { feeds, fetches }: SessionCall & { readonly kind: 'run' },
): Promise<RunAnswer> {
  const inputs = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, tensorOf(tensor)]));
  const wanted = fetches && Object.entries(fetches).map(([name, into]) => [name, into ? tensorOf(into) : null]);
  const results = await (wanted ? session.run(inputs, Object.fromEntries(wanted)) : session.run(inputs));
  const passed = Object.entries(results).map(([name, value]) => {
    const { data, dims } = value as ort.Tensor;
    return [name, fetches?.[name] ?? { data: data as Float32Array, dims }] as const;
  });
  return { results: Object.fromEntries(passed), feeds };
}

function tensorOf({ data, dims }: PassedTensor): ort.Tensor {
  return new ort.Tensor('float32', data, dims);
}

function buffersOf({ results, feeds }: RunAnswer): ArrayBuffer[] {
  return [...Object.values(results), ...Object.values(feeds)].map(({ data }) => data.buffer as ArrayBuffer);
}
