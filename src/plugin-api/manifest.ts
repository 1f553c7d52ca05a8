/**
 * What stands in a plugin's `package.json`, besides what npm puts there. A plugin that only brings domain pairs is
 * this and nothing else: no code of it ever runs.
 */

export interface PluginManifest {
  /** The npm name; errors and lists name the plugin by it. */
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly engines: {
    /** The versions of cyclebox it was made for, as a semver range: `^0.1.0`. */
    readonly cyclebox: string;
  };
  readonly contributes: Contributions;
}

export interface Contributions {
  readonly domainPairs?: readonly DomainPairContribution[];
}

/** Two piles of images of one kind each, and the models that lead from one to the other. */
export interface DomainPairContribution {
  /** Unique among all plugins: lower-case words joined by hyphens. */
  readonly id: string;
  /** For people: `Satellite ⇄ map`. */
  readonly title?: string;
  readonly description?: string;
  /** The names of the domains, A then B: lower-case words joined by hyphens. */
  readonly domains: readonly [string, string];
  /** By the domain that the model leads to. A direction may be left out. */
  readonly models?: Readonly<Record<string, ModelContribution>>;
}

export interface ModelContribution {
  /** An .onnx file, with forward slashes, relative to the plugin's folder, else to the model store. */
  readonly path: string;
  /** The file's SHA-256 in hex. Where it is named, a file with another one is refused. */
  readonly sha256?: string;
}
