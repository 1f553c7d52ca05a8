/** Numbers of TIFF tags and of their values, with words for messages. Tables only. */

export const tiffTags = {
  newSubfileType: 254,
  imageWidth: 256,
  imageHeight: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  make: 271,
  orientation: 274,
  samplesPerPixel: 277,
  planarConfiguration: 284,
  inkSet: 332,
  tileWidth: 322,
  subDirectories: 330,
  extraSamples: 338,
  sampleFormat: 339,
  leafData: 34_310,
  exif: 34_665,
  gps: 34_853,
  dngVersion: 50_706,
} as const;

export const compressionNames: Readonly<Record<number, string>> = {
  6: 'JPEG of the old kind',
  9: 'JBIG',
  10: 'JBIG',
  32766: 'NeXT RLE',
  32771: 'CCITT RLE in words',
  32809: 'ThunderScan',
  34661: 'JBIG',
  34676: 'SGI LogLuv',
  34677: 'SGI LogLuv',
  34712: 'JPEG 2000',
  33003: 'JPEG 2000',
  33005: 'JPEG 2000',
  34887: 'LERC',
  34892: 'lossy JPEG of DNG',
  34925: 'LZMA',
  34933: 'PNG',
  34934: 'JPEG XR',
  50000: 'Zstandard',
  50002: 'JPEG XL',
  52546: 'JPEG XL',
};

/** Values of SampleFormat, in the plural. */
export const sampleTypes: Readonly<Record<number, string>> = {
  1: 'whole numbers without sign',
  2: 'whole numbers with sign',
  3: 'floating-point numbers',
  4: 'numbers of a type it does not name',
  5: 'complex whole numbers',
  6: 'complex floating-point numbers',
};

export const photometrics: Readonly<Record<number, string>> = {
  0: 'grey',
  1: 'grey',
  2: 'RGB',
  3: 'a palette',
  4: 'black and white as a mask',
  5: 'CMYK',
  6: 'YCbCr',
  8: 'CIELAB',
  9: 'ICC Lab',
  10: 'ITU Lab',
  32844: 'SGI LogL',
  32845: 'SGI LogLuv',
};
