import type { Platform } from './production-packages.mjs';

export function carriedFiles(folder: string, platform: Platform): readonly string[];
