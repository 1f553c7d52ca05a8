/** How a file is called inside the folder that it was found in; absolute paths are plain strings. */

/** A path inside the inbox or outbox, relative, with `/` between its parts on every system. */
export type RelativePath = string;
