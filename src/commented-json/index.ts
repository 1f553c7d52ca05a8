/** JSON with comments, as people write it: read, checked against a schema, every fault with its line. */
export * from './commented-json.js';
export * from './edit-commented-json.js';
export type { JsonPath } from './json-path.js';
export type { Overlay } from './overlay.js';
