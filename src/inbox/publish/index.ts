export type { CollisionPolicy, Publisher, PublisherStatus, PublishResult, SourcePolicy } from './publisher.js';
export { openPublisher } from './publisher-service.js';
