/**
 * What stands in a plugin's `package.json`, besides what npm puts there. A plugin that only brings domain pairs is
 * this and nothing else: no code of it ever runs. The checks of it, held to these types by a test, are the host's.
 */

/** Of what this file and `cyclebox/plugin` describe: what a plugin's `engines.cyclebox` is held against. */
export const pluginApiVersion = '1.0.0';

export interface PluginManifest {
  /** The npm name: errors, lists and settings name the plugin by it. Of two plugins of one name, one is in force. */
  readonly name: string;
  readonly version: string;
  /** Who answers for it. A plugin in a local folder may leave it out; one that is handed on may not. */
  readonly publisher?: string;
  readonly description?: string;
  readonly engines: {
    /** The versions of the plugin API it was made for, as a semver range within one major version: `^1.0.0`. */
    readonly cyclebox: string;
  };
  /** The module with `activate`, relative to the plugin's folder: only plugins with code have one. */
  readonly main?: string;
  /** Beyond those that follow from `contributes`: seldom needed. */
  readonly activationEvents?: readonly string[];
  /** What its code may do beyond reading its own folder. Shown before it is first enabled. */
  readonly permissions?: PluginPermissions;
  readonly contributes: Contributions;
}

/** What a plugin's process may do. A seat belt, not a vault: Node enforces it, as far as its version can. */
export interface PluginPermissions {
  /** Folders and files that it may read, beside its own folder: absolute paths, or `~/…` in the user's home. */
  readonly read?: readonly string[];
  /** Folders and files that it may write, beside its own storage: absolute paths, or `~/…` in the user's home. */
  readonly write?: readonly string[];
  readonly net?: boolean;
  /** Whether it may start other programs. */
  readonly spawn?: boolean;
}

/** What a plugin brings, by contribution point. Everything but `domainPairs` and `configuration` needs `main`. */
export interface Contributions {
  readonly domainPairs?: readonly DomainPairContribution[];
  readonly preprocessors?: readonly ProcessorContribution[];
  readonly postprocessors?: readonly ProcessorContribution[];
  readonly routers?: readonly RouterContribution[];
  readonly recipes?: readonly RecipeContribution[];
  readonly metrics?: readonly MetricContribution[];
  readonly commands?: readonly CommandContribution[];
  readonly configuration?: ConfigurationContribution;
}

export type ContributionPointName = keyof Contributions;

/** Changes a picture between decoding and translation (`preprocessors`) or translation and encoding (`postprocessors`). */
export interface ProcessorContribution {
  /** Unique among its kind: lower-case words joined by hyphens. Routes name it. */
  readonly id: string;
  /** For people. */
  readonly title?: string;
  readonly description?: string;
}

/** Chooses the translation of a file from its path, its EXIF data or its content. */
export interface RouterContribution {
  /** Unique among routers: lower-case words joined by hyphens. Routes name it. */
  readonly id: string;
  readonly title?: string;
  readonly description?: string;
}

/** What one training step computes; the code returns it as a graph, once. */
export interface RecipeContribution {
  /** Unique among recipes of plugins: lower-case words joined by hyphens. `--recipe PLUGIN/ID` names it. */
  readonly id: string;
  readonly title?: string;
  readonly description?: string;
}

/** A figure of an evaluation. */
export interface MetricContribution {
  /** Unique among metrics of plugins: lower-case words joined by hyphens. `--metric PLUGIN/ID` names it. */
  readonly id: string;
  readonly title?: string;
  readonly description?: string;
  readonly better: 'higher' | 'lower';
  /** `%`, `dB`; none for plain numbers. */
  readonly unit?: string;
}

/** Something that people start, from the command line or the dashboard. */
export interface CommandContribution {
  /** Unique among commands: words joined by dots or hyphens, such as `season-router.explain`. */
  readonly command: string;
  readonly title: string;
  readonly description?: string;
}

/** Settings under the plugin's name in `settings` of `watch-config.json`. */
export interface ConfigurationContribution {
  readonly title?: string;
  readonly properties: Readonly<Record<string, SettingDeclaration>>;
}

/** One setting, in words of JSON Schema. `default` is what holds where the user says nothing. */
export type SettingDeclaration = BooleanSetting | NumberSetting | StringSetting | ListSetting;

export interface BooleanSetting {
  readonly type: 'boolean';
  readonly description?: string;
  readonly default?: boolean;
}

export interface NumberSetting {
  readonly type: 'number' | 'integer';
  readonly description?: string;
  readonly default?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface StringSetting {
  readonly type: 'string';
  readonly description?: string;
  readonly default?: string;
  readonly enum?: readonly string[];
}

export interface ListSetting {
  readonly type: 'array';
  readonly description?: string;
  readonly items: { readonly type: 'string' | 'number' | 'integer' };
  readonly default?: readonly (string | number)[];
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
  /** What results are like and are called where a route does not say; without it, as their images are. */
  readonly output?: OutputNaming;
}

export interface OutputNaming {
  /** With `{stem}` (the image's name without its extension), `{pair}`, `{from}`, `{to}` and others: `{stem}-{to}`. */
  readonly name?: string;
  /** Default `source`: that of each image. */
  readonly format?: 'jpeg' | 'png' | 'webp' | 'avif' | 'tiff' | 'source';
  /** 1-100, of JPEG, WebP and AVIF. */
  readonly quality?: number;
  /** WebP and AVIF without loss. */
  readonly lossless?: boolean;
  /** Of JPEG and AVIF. */
  readonly chroma?: '4:4:4' | '4:2:0';
  /** PNG: 0-9. TIFF: the method. */
  readonly compression?: number | 'none' | 'lzw' | 'deflate';
  /** Bits of each value. Default `source`: as many as the image has, where the format has them. */
  readonly depth?: 'source' | 8 | 16;
  /** Of which space the colours are. Default `srgb`. */
  readonly colour?: 'srgb' | 'source';
}

export interface ModelContribution {
  /** A model file of any kind that is read, with forward slashes, relative to the plugin's folder, else to the model store. */
  readonly path: string;
  /** The file's SHA-256 in hex. Where it is named, a file with another one is refused. */
  readonly sha256?: string;
  /** The file's size in bytes. Where it is named, a file of another size is refused. */
  readonly size?: number;
  /** At which scale the model should be shown images. */
  readonly fit?: ModelFit;
  /** How good it is, as its maker measured it; lists show it. */
  readonly quality?: ModelQuality;
  /** In which precisions besides float32 it may run on CPUs, and what that costs. */
  readonly precisions?: ModelPrecisions;
  readonly licence?: ModelLicence;
}

/** Of a model with a calibration beside it; `cyclebox models quantize` writes both. */
export interface ModelPrecisions {
  readonly int8?: PrecisionLikeness;
}

/** How near results in a precision are to those in float32, as bytes. Without being asked, only what is near is taken. */
export interface PrecisionLikeness {
  /** Peak signal-to-noise ratio in dB over all judging images. */
  readonly psnr: number;
  /** That of the image with the lowest. */
  readonly lowest: number;
  /** On so many images, none of which it was calibrated on. */
  readonly images: number;
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
  /** What images that do not go in one piece are normalised by, unless somebody asks for something else. Default `exact`. */
  readonly tiling?: Tiling;
}

/**
 * What the parts of an image are normalised by that does not go in one piece. `exact`: the statistics of the whole image, as if it
 * did. `thumbnail`: those of a small copy. `independent`: each part by its own, blended where they overlap.
 */
export type Tiling = 'exact' | 'thumbnail' | 'independent';

/**
 * `native`: the image as it is. `trained`: scaled so that its shorter side is `trainedSize`, translated, and the change
 * brought back to full size. A number: the same, with a shorter side of so many pixels; smaller images as they are.
 */
export type Scale = 'native' | 'trained' | number;
