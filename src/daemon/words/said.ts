/** A sentence about something that happened, as logs and pages show it. */

export type SaidLevel = 'debug' | 'info' | 'warn' | 'error';

/** A line of the log. */
export interface Said {
  readonly level: SaidLevel;
  readonly text: string;
  /** What a program reads instead: `job`, `path`, `code` …. */
  readonly record: Readonly<Record<string, unknown>>;
}
