export function importPastFaces(folder: string, isOurs?: (file: string) => boolean): void;
export function pastFaces(texts: ReadonlyMap<string, string>): Map<string, string>;
