export { LiveFeed, type LiveFeedOptions } from './live-feed.js';
export { StreamHub } from './stream-hub.js';
