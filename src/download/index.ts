export { addressesOf, configuredMirrors } from './addresses.js';
export { type ContentKind, pytorchFile, zipArchive } from './content-kind.js';
export { type Downloaded, type DownloadProgress, type DownloadRequest, downloadFile } from './download-file.js';
export { openPinnedHashes, type PinnedFile, PinnedHashes } from './pinned-hashes.js';
export { type UnpackLimits, unpackZip } from './unpack-zip.js';
