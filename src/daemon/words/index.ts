export { EventLog, type LogLine, type LogQuery } from './event-log.js';
export { deviceWords, eventWords } from './event-words.js';
export type { Said, SaidLevel } from './said.js';
export { serveWords } from './serve-words.js';
export { statusLines, statusWarnings } from './status-words.js';
export { trainingWords } from './training-words.js';
