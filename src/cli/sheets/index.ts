/** Pictures of results side by side, with captions. */
export { drawCaption } from './caption.js';
export { type ContactSheetEntry, writeContactSheet } from './contact-sheet.js';
