/** In npm's words: `linux`, `x64`, `glibc`. */
export interface Platform {
  readonly os: string;
  readonly cpu: string;
  readonly libc: string;
}

export interface Package {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Absolute. */
  readonly folder: string;
}

export function productionPackages(root: string, platform: Platform): readonly Package[];
