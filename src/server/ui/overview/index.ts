export { DropZone } from './drop-zone.js';
export { startNotifications } from './notifications.js';
export { OverviewPage } from './overview-page.js';
export { catchDrops } from './page-drop.js';
export { SentImages } from './sent-images.js';
export { followUploads } from './uploads.js';
