/**
 * What a request is and what it answers, as plain data: method, path, and the shapes of what goes in and out. The server's
 * routes, the OpenAPI page and the pages' client are made of the same table (`endpoints.ts`); nothing here knows a server.
 *
 * Every answer that is not of the 2xx kind has the shape `problem`.
 */
import { z } from 'zod';

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With `:name` for what stands in `params`. */
  readonly path: string;
  /** One sentence for the API page. */
  readonly summary: string;
  /** The same by the command line, where there is one. */
  readonly cli?: string | undefined;
  readonly params?: z.ZodObject | undefined;
  readonly query?: z.ZodObject | undefined;
  /** JSON; absent where nothing is sent. `bytes`: the body is a file, of any type but those of forms. */
  readonly body?: z.ZodType | 'bytes' | undefined;
  /** JSON; `image`, `text` and `events` are what they say. */
  readonly answer: z.ZodType | 'image' | 'text' | 'events' | 'nothing';
}

/** Keeps the literal types of what is given. */
export function endpoint<const E extends Endpoint>(given: E): E {
  return given;
}

/** Why a request was refused, or could not be carried out. */
export const problem = z.object({
  error: z.object({
    /** One of `docs/errors.md`, or an HTTP word in capitals: `UNAUTHORIZED`, `FORBIDDEN_HOST`, `TOO_MANY_REQUESTS`. */
    code: z.string(),
    /** What was wrong, the value, what is allowed, what to do. */
    message: z.string(),
  }),
});
export type Problem = z.infer<typeof problem>;

/** Milliseconds since 1970. */
export const epochMs = z.number();

/** Of a query, which is text: `a,b,c`. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.preprocess(value => (typeof value === 'string' ? value.split(',').filter(Boolean) : value), z.array(item).max(100));
