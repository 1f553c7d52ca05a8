export { readHealth } from './health-store.js';
export { type DirectionHealth, type HealthEvent, healthText, isCurrent, type PairHealth } from './model-health.js';
export { type TestPairsOptions, testPairs } from './test-pairs.js';
