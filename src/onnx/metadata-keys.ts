/**
 * The keys under which our own model files say more of themselves than their graph does; weight files have the first, too.
 * All values are text. A foreign file has none of them, and is read all the same.
 */
export const metadataKeys = {
  /** A `NetworkSpec` as JSON. */
  architecture: 'cyclebox.architecture',
  /** The pair's id, and the domains that the network translates from and to. */
  pair: 'cyclebox.pair',
  from: 'cyclebox.from',
  to: 'cyclebox.to',
  /** Of the values of an image: `-1..1`; of those that come out, where they are others. */
  range: 'cyclebox.range',
  outputRange: 'cyclebox.output_range',
  /** Where the channels are, of a file whose sizes do not tell: `nchw` or `nhwc`. */
  layout: 'cyclebox.layout',
  /** How many times larger the sides of the output are than those of the input, where they are: `2`. */
  scale: 'cyclebox.scale',
  /** Height and width have to be multiples of it. */
  sizeMultiple: 'cyclebox.size_multiple',
  /** Sides in pixels of the images, and of the crops of them, that it was trained on. */
  trainedSize: 'cyclebox.trained_size',
  cropSize: 'cyclebox.crop_size',
  /** What the training was, as JSON, without paths. */
  training: 'cyclebox.training',
} as const;
