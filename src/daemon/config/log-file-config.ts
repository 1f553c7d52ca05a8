/** The keys of `watch-config.json` that are about a file of the daemon's log. Standard output says the same with or without it. */
import { z } from 'zod';

export const logFileSchema = z
  .strictObject({
    path: z.string().min(1, 'must not be empty').describe('The file; relative to this one.'),
    maxMegabytes: z
      .number()
      .min(0.01)
      .max(100_000)
      .optional()
      .describe('From this size on the file is put aside, as PATH.1, and a new one begun. Default 20.'),
    keep: z.int().min(1).max(1000).optional().describe('Files put aside that are kept. Default 5.'),
  })
  .describe('A file with the log of "cyclebox start", beside standard output. Default: none.');

/** What the code reads. */
export interface LogFileConfig {
  /** Absolute. */
  readonly path: string;
  /** Of 10⁶ bytes. */
  readonly maxMegabytes: number;
  readonly keep: number;
}

/** @param inFolder makes a path absolute */
export function resolveLogFile(
  given: z.infer<typeof logFileSchema> | undefined,
  inFolder: (path: string) => string,
): LogFileConfig | undefined {
  return given && { path: inFolder(given.path), maxMegabytes: given.maxMegabytes ?? 20, keep: given.keep ?? 5 };
}
