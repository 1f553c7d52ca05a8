export { changeAll, changeJobs } from './change-jobs.js';
export { carriedQuery, filterOf } from './job-filter.js';
export { JobsPage } from './jobs-page.js';
