export { connectControl } from './control-client.js';
export { serveControl } from './control-server.js';
export type { DaemonFacts, DaemonService, DaemonStatus } from './daemon-service.js';
