/** Fields that the schemas of several contribution points share. Each message says what is allowed. */
import { z } from 'zod';
import { idPattern } from '../../base/index.js';

export const id = z
  .string()
  .max(100, 'must have at most 100 characters')
  .regex(idPattern, 'must be lower-case words joined by hyphens, such as "satellite-map"')
  .describe('Unique among all plugins: lower-case words joined by hyphens.');

export const words = z.string().min(1, 'must not be empty');

export const title = z.string().exactOptional().describe('For people.');

export const description = z.string().exactOptional().describe('A sentence or two, for people.');

/** True for a path with forward slashes that stays in its folder, whatever the folder is. */
export function isInside(path: string): boolean {
  const parts = path.split('/');
  return !/[\\:\0]/.test(path) && parts.every(part => part !== '' && part !== '.' && part !== '..');
}

export const staysInside = 'must be a relative path with forward slashes that stays inside its folder';
