export interface Room {
  /** It imports rooms of lower floors. */
  readonly floor: number;
  /** Rooms of lower floors that it must not know all the same. */
  readonly apart?: readonly string[];
}

export interface OuterRoom extends Room {
  /** Rooms inside, with floors of their own. */
  readonly rooms?: Readonly<Record<string, Room>>;
  /** Its own files, without `.ts`, that the rooms inside stand on; `*`: all. */
  readonly beneath?: readonly string[];
  /** Said when a room inside imports what it must not. */
  readonly seam?: string;
}

export type Rooms = Readonly<Record<string, OuterRoom>>;

export const rooms: Rooms;
/** The room of pages, whose folders are its own business. */
export const pages: string;
export function overrides(): readonly unknown[];
export function floorsFile(): string;
