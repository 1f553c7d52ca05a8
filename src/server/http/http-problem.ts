/** Errors as answers: the status of each code, and the words. What has no code of ours is not told in full: it may name what is nobody's business. */
import { asCycleboxError, CycleboxError, type ErrorCode } from '../../base/index.js';

/** Of HTTP itself. */
export const httpCodes = {
  FORBIDDEN_HOST: 403,
  FORBIDDEN_ORIGIN: 403,
  UNAUTHORIZED: 401,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  CONFLICT: 409,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  TOO_MANY_REQUESTS: 429,
  TOO_MANY_STREAMS: 503,
} as const satisfies Record<string, number>;

export type HttpCode = keyof typeof httpCodes;

/** A request that is refused for its own sake. */
export class HttpProblem extends Error {
  readonly code: HttpCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: HttpCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.headers = headers;
  }
}

const statusOf: Partial<Record<ErrorCode, number>> = {
  USAGE: 400,
  CONFIG_INVALID: 400,
  FILE_NOT_FOUND: 404,
  PAIR_NOT_FOUND: 404,
  PLUGIN_NOT_FOUND: 404,
  PLUGIN_INVALID: 409,
  DOMAIN_NOT_FOUND: 404,
  ROUTE_NOT_FOUND: 404,
  MODEL_MISSING: 409,
  FILE_EXISTS: 409,
  CANCELLED: 409,
  STATE_LOCKED: 409,
  IMAGE_UNSUPPORTED: 422,
  IMAGE_CORRUPT: 422,
  IMAGE_TOO_LARGE: 422,
  IMAGE_TOO_SMALL: 422,
  DATASET_EMPTY: 422,
};

export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: { readonly code: string; readonly message: string } };
}

export function problemAnswer(error: unknown): ProblemAnswer {
  if (error instanceof HttpProblem) return answer(httpCodes[error.code], error.code, error.message, error.headers);
  if (error instanceof CycleboxError) return answer(statusOf[error.code] ?? 500, error.code, error.message);
  const { statusCode, message } = error as { readonly statusCode?: unknown; readonly message?: unknown };
  if (statusCode === 413) return answer(413, 'BODY_TOO_LARGE', 'The body is larger than is allowed here.');
  if (statusCode === 415) return unsupported;
  // Fastify's own: JSON that cannot be parsed, a body of another length than was said.
  if (typeof statusCode === 'number' && statusCode < 500) return answer(statusCode, 'USAGE', String(message));
  const coded = asCycleboxError(error);
  return answer(500, coded.code, 'This request has met a defect of the dashboard; the log of the daemon says more.');
}

const unsupported = answer(
  415,
  'UNSUPPORTED_MEDIA_TYPE',
  'The body must be JSON (content-type: application/json), or a file for uploads.',
);

function answer(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ProblemAnswer {
  return { status, headers, body: { error: { code, message } } };
}
