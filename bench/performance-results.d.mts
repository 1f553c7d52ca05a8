import type { Row, Section } from './performance-tables.mjs';

export const resultsFile: URL;
export function readResults(file?: URL): Record<string, Section>;
export function keepRow(section: string, machine: Section['machine'], row: Row, file?: URL): void;
