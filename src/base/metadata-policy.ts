/**
 * Whether a translation says what its source said besides its pixels. It stands here because the configuration, which must
 * not load the image library, names the same two words as that library's users.
 */
export const metadataPolicies = ['keep', 'strip'] as const;
export type MetadataPolicy = (typeof metadataPolicies)[number];
