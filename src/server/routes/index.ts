export { addConfigRoutes } from './config-routes.js';
export type { RouteContext } from './context.js';
export { addJobRoutes } from './job-routes.js';
export { addMetricsRoute } from './metrics.js';
export { addPairRoutes } from './pair-routes.js';
export { addQueueRoutes } from './queue-routes.js';
export { StatusReport } from './status-report.js';
export { addSystemRoutes } from './system-routes.js';
export { addTrainingRoutes } from './training-routes.js';
