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
  /** At which scale the model should be shown images. */
  readonly fit?: ModelFit;
  /** How good it is, as its maker measured it; lists show it. */
  readonly quality?: ModelQuality;
  readonly licence?: ModelLicence;
}

/** What a model did on images that it was not trained on. The plugin's README says how it was measured. */
export interface ModelQuality {
  /** The images: `150 held-out places, 128 × 128 pixels`. */
  readonly on: string;
  /** The most telling first; at least one. */
  readonly figures: readonly QualityFigure[];
}

export interface QualityFigure {
  /** For people: `called a zebra`. */
  readonly name: string;
  readonly value: number;
  /** `%`, `dB`; none for plain numbers. */
  readonly unit?: string;
  readonly better: 'higher' | 'lower';
  /** The same figure of the input, unchanged: what doing nothing gets. */
  readonly unchanged?: number;
  /** The same figure of real images of the target domain: what there is to get. */
  readonly real?: number;
}

/** What may be done with a model, and with the images that it was fitted on: often not the same. */
export interface ModelLicence {
  /** Of the weights: an SPDX identifier, or words. */
  readonly weights: string;
  /** Of the images: where they come from, and under which terms. */
  readonly data: string;
}

/**
 * A network knows things at the size that they had in its training images; on a large photograph it paints too fine a
 * pattern. Sizes are what the model's own metadata says, if it does; what stands here goes before.
 */
export interface ModelFit {
  /** The shorter side, in pixels, that whole training images were scaled to before crops were taken of them. */
  readonly trainedSize?: number;
  /** The side of those crops, in pixels: how much the network saw at a time. */
  readonly cropSize?: number;
  /** What images are shown at unless somebody asks for something else. Default `native`. */
  readonly scale?: Scale;
}

/**
 * `native`: the image as it is. `trained`: scaled so that its shorter side is `trainedSize`, translated, and the change
 * brought back to full size. A number: the same, with a shorter side of so many pixels.
 */
export type Scale = 'native' | 'trained' | number;
