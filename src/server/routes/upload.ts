/**
 * A file from a browser into the inbox: written beside under a name that the inbox passes over, flushed, and then given its name, which
 * is made free. So a half file is never seen, and no file is ever written over. Its name is one part; its folder is a route's.
 */
import { open, rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Readable } from 'node:stream';
import {
  CycleboxError,
  findLinkedFolder,
  isJunk,
  makeFolder,
  takeFreeName,
  temporaryPathFor,
} from '../../base/index.js';
import type { Route } from '../../daemon/index.js';
import { HttpProblem } from '../http/index.js';

export interface UploadRequest {
  /** Absolute. */
  readonly inbox: string;
  readonly routes: readonly Route[];
  /** `match` of a route. */
  readonly route: string;
  readonly name: string;
  readonly content: Readable;
  readonly mostBytes: number;
}

export interface Uploaded {
  /** Relative to the inbox. */
  readonly path: string;
  readonly bytes: number;
}

/** Of images that can be translated. */
const extensions: ReadonlySet<string> = new Set(['.jpg', '.jpeg', '.png', '.webp', '.avif', '.tif', '.tiff']);
const mostTries = 1000;

/** @throws ROUTE_NOT_FOUND, USAGE for a name that is none, IMAGE_UNSUPPORTED, WRITE_FAILED, BODY_TOO_LARGE */
export async function receiveUpload({
  inbox,
  routes,
  route,
  name,
  content,
  mostBytes,
}: UploadRequest): Promise<Uploaded> {
  const { folder } = routeNamed(routes, route);
  requireName(name);
  const below = folder === '' ? name : `${folder}/${name}`;
  if ((await findLinkedFolder(inbox, below)) !== undefined)
    throw new CycleboxError(
      'WRITE_FAILED',
      `${folder} of the inbox lies behind a link, through which nothing is written.`,
    );
  const target = join(inbox, folder, name);
  await makeFolder(join(inbox, folder));
  const temporary = temporaryPathFor(target);
  try {
    const bytes = await writeContent(content, temporary, mostBytes);
    const given = await giveFreeName(temporary, join(inbox, folder), name);
    return { path: folder === '' ? given : `${folder}/${given}`, bytes };
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** @throws ROUTE_NOT_FOUND */
export function routeNamed(routes: readonly Route[], match: string): Route {
  const route = routes.find(one => one.match === match);
  if (route) return route;
  const known = routes.map(one => `"${one.match}"`).join(', ');
  throw new CycleboxError('ROUTE_NOT_FOUND', `There is no route "${match}". There are ${known}.`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unfitCharacters = /[/\\\u0000-\u001f\u007f<>:"|?*]/;

function requireName(name: string): void {
  const isPart = !unfitCharacters.test(name) && !/^\.+$|[. ]$/.test(name) && Buffer.byteLength(name) <= 200;
  if (!isPart || isJunk(name))
    throw new CycleboxError(
      'USAGE',
      `"${name.slice(0, 100)}" is no name for an image: give a file name without folders, such as "photo.jpg".`,
    );
  if (extensions.has(extname(name).toLowerCase())) return;
  const message = `${name} is not of a kind that can be translated: ${[...extensions].join(', ')}.`;
  throw new CycleboxError('IMAGE_UNSUPPORTED', message, { subject: { file: name } });
}

async function writeContent(content: Readable, file: string, mostBytes: number): Promise<number> {
  const handle = await open(file, 'wx');
  let bytes = 0;
  try {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > mostBytes) throw new HttpProblem('BODY_TOO_LARGE', `More than ${mostBytes} bytes are not taken.`);
      await handle.writeFile(chunk);
    }
    if (bytes === 0) throw new CycleboxError('USAGE', 'The file is empty.');
    await handle.sync();
  } finally {
    await handle.close();
  }
  return bytes;
}

/** `photo.jpg`, else `photo (2).jpg` and so on. */
async function giveFreeName(temporary: string, folder: string, name: string): Promise<string> {
  const extension = extname(name);
  const stem = name.slice(0, name.length - extension.length);
  for (let number = 1; number <= mostTries; number++) {
    const candidate = number === 1 ? name : `${stem} (${number})${extension}`;
    if ((await takeFreeName(temporary, join(folder, candidate))) !== 'taken') return candidate;
  }
  throw new CycleboxError('FILE_EXISTS', `There are ${mostTries} files named like ${name} already: give another name.`);
}
