export { ApiPage } from './api-page.js';
export { ConfigPage } from './config-page.js';
export { DoctorPage } from './doctor-page.js';
export { FailuresPage } from './failures-page.js';
export { LogPage } from './log-page.js';
export { PairsPage } from './pairs-page.js';
export { PluginsPage } from './plugins-page.js';
