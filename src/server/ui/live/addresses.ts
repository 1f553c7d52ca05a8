/** Where each request goes. The types hold this table to the server's own; its schemas stay out of the browser. */
import type { EndpointName, endpoints } from '../contract.js';

type Addresses = {
  readonly [Name in EndpointName]: `${(typeof endpoints)[Name]['method']} ${(typeof endpoints)[Name]['path']}`;
};

export const addresses: Addresses = {
  getStatus: 'GET /api/status',
  listJobs: 'GET /api/jobs',
  countJobs: 'GET /api/jobs/counts',
  getJob: 'GET /api/jobs/:id',
  getNeighbours: 'GET /api/jobs/:id/neighbours',
  getJobLog: 'GET /api/jobs/:id/log',
  getThumbnail: 'GET /api/jobs/:id/thumbnail',
  getImage: 'GET /api/jobs/:id/image',
  changeJobs: 'POST /api/jobs/actions',
  listFailures: 'GET /api/failures',
  pauseQueue: 'POST /api/queue/pause',
  resumeQueue: 'POST /api/queue/resume',
  purgeQueue: 'POST /api/queue/purge',
  retryStale: 'POST /api/queue/retry-stale',
  getLog: 'GET /api/log',
  listPairs: 'GET /api/pairs',
  listPlugins: 'GET /api/plugins',
  runPluginCommand: 'POST /api/commands/:command/run',
  switchPlugin: 'POST /api/plugins/:name/switch',
  listTrainings: 'GET /api/trainings',
  listImageFolders: 'GET /api/trainings/folders',
  getTraining: 'GET /api/trainings/:id',
  getSample: 'GET /api/trainings/:id/samples/:step/:row/:column',
  startTraining: 'POST /api/trainings',
  askTraining: 'POST /api/trainings/:id/actions',
  usePair: 'POST /api/trainings/:id/use',
  openSession: 'POST /session',
  closeSession: 'DELETE /api/session',
  getConfig: 'GET /api/config',
  reloadConfig: 'POST /api/config/reload',
  runDoctor: 'POST /api/doctor',
  upload: 'POST /api/uploads',
  sendSamples: 'POST /api/samples',
  getOpenApi: 'GET /api/openapi.json',
  getStream: 'GET /api/stream',
};
