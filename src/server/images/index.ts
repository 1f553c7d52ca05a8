export { type JobPicture, PictureCache } from './picture-cache.js';
export { PictureProcess } from './picture-process.js';
