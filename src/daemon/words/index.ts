export { EventLog, type LogLine, type LogQuery } from './event-log.js';
export { deviceWords, eventWords, type Said, type SaidLevel } from './event-words.js';
export { statusLines, statusWarnings } from './status-words.js';
export { trainingWords } from './training-words.js';
