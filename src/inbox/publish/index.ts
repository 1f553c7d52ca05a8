export type {
  CollisionPolicy,
  PublishedBefore,
  PublishedSource,
  Publisher,
  PublisherStatus,
  PublishResult,
  SourcePolicy,
} from './publisher.js';
export { collisionPolicies } from './publisher.js';
export { openPublisher } from './publisher-service.js';
export { carriedName, isShared, sidecars, sidecarsOf, speaksOfPixels } from './sidecar-names.js';
