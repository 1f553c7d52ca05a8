/** What can become of a file of the inbox, in one word each: the one list of them, for whoever shows, asks or checks. */

const fleeting = ['seen', 'settling'] as const;
const open = ['queued', 'running', 'publishing'] as const;
const ended = ['done', 'failed', 'quarantined', 'cancelled', 'skipped'] as const;

export type JobState = (typeof fleeting)[number] | (typeof open)[number] | (typeof ended)[number];

/** The settle gate's, which forgets them when the process ends: the next scan finds them anew. */
export const fleetingStates: readonly JobState[] = fleeting;

/**
 * Of jobs that have ended. `quarantined`: it killed its worker again and again. `cancelled`: until it is retried or its
 * file changes. `skipped`: its file had gone or changed; if it comes back, it is done.
 */
export const endedStates: readonly JobState[] = ended;

/** All that the journal writes down, in the order of a job's life. */
export const recordedStates: readonly JobState[] = [...open, ...ended];
