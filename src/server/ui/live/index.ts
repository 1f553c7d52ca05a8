export { type AskOptions, addressOf, ask, queryText, Refused } from './ask.js';
export { type Connection, connection, isLive } from './connection.js';
export { enter, openSession } from './session.js';
export { asOfMs, epoch, logRecords, onJobs, status, trainings } from './state.js';
export { openStream } from './stream.js';
