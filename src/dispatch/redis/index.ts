export { connectRedis, type Redis, shownUrl } from './connect.js';
export { listen } from './listen.js';
export { namesOf, type QueueNames, recallMark } from './names.js';
export { QueueOwner } from './queue-owner.js';
export { endlessly, openService, patienceMs } from './service.js';
export { within } from './within.js';
