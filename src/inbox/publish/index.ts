export type {
  CollisionPolicy,
  PublishedBefore,
  Publisher,
  PublisherStatus,
  PublishResult,
  SourcePolicy,
} from './publisher.js';
export { collisionPolicies } from './publisher.js';
export { openPublisher } from './publisher-service.js';
