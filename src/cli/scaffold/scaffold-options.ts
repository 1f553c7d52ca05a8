/** What can be asked of a scaffold. */

/** What a new plugin is to bring: a pair without code, a postprocessor, or a pair with code of every kind. */
export type PluginKind = 'pair' | 'processor' | 'full';

export type ScaffoldLanguage = 'ts' | 'js';

export interface ScaffoldOptions {
  /** Lower-case words joined by hyphens. */
  readonly name: string;
  readonly kind: PluginKind;
  readonly language: ScaffoldLanguage;
}
