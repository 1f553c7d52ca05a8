/** Options of the command line: their values, those that schemas make, and their tables in the docs. */
export {
  collect,
  listOf,
  parseBytes,
  parseDuration,
  parsePositive,
  parsePrecision,
  parseTwoNames,
  wholeNumber,
} from './arguments.js';
export { completionScript, type Shell } from './completion.js';
export { engineHelp, printSkippedDevice } from './engine-option.js';
export { addSchemaOptions, propertiesOf, readSchemaOptions } from './schema-options.js';
