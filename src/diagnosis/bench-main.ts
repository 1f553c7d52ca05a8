/** The entry of a process that measures one row of `cyclebox bench`: see bench-service.ts. */
import { serveParent } from '../process/index.js';
import { type BenchApi, benchProtocol } from './bench-protocol.js';
import { benchService } from './bench-service.js';

await serveParent<BenchApi>({ protocol: benchProtocol, handlers: () => benchService });
