export {
  type Direction,
  directionsOf,
  type ResolveOptions,
  resolveTranslation,
  type Translation,
} from './resolve-translation.js';
