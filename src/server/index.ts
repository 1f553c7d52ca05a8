export { endpoints } from './contract/index.js';
export { type Dashboard, type DashboardOptions, openDashboard } from './dashboard.js';
export { entranceOf, notedAddress, readKeptToken } from './http/index.js';
export { Webhooks } from './webhooks/index.js';
