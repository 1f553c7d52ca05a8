/** What is known of a translation that was made: what the runner tells, the journal keeps and the log shows. */
import type { FileContent } from '../../base/index.js';

export interface RunReport {
  /** The result's file name: the source's, with the extension of the result's format, or what a route or pair makes of it. */
  readonly name: string;
  /** Where in the outbox it is to be published; default: the source's folder. */
  readonly folder?: string | undefined;
  /** When the source says that it was taken: `2024-12-24T18:30:00`. */
  readonly takenAt?: string | undefined;
  readonly width: number;
  readonly height: number;
  /** In pixels, upright; undefined where the runner does not say, or an earlier version said it. */
  readonly sourceSize?: { readonly width: number; readonly height: number } | undefined;
  readonly bytes: number;
  /** More than 1 when the image did not fit in memory and was translated in parts. */
  readonly tiles: number;
  /** The device that made it: `cuda:1`, `cpu`. */
  readonly device?: string | undefined;
  /** How it calculated there: `float32`, `float16`. */
  readonly precision?: string | undefined;
  /** What a router chose: `winter-summer/summer`. */
  readonly translation?: string | undefined;
  /** What the source held that the result does not: sentences without a subject, which is the source. */
  readonly notes?: readonly string[] | undefined;
  /** At which scale it was shown to the model: `native`, `trained`, or pixels of the shorter side. */
  readonly scale?: string | number | undefined;
  /** The size, in pixels, at which the model saw it. */
  readonly shownAs?: { readonly width: number; readonly height: number } | undefined;
  /** What was read. */
  readonly source?: FileContent | undefined;
  readonly decodeMs: number;
  readonly loadMs: number;
  readonly translateMs: number;
  readonly encodeMs: number;
}
