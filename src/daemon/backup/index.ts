export { type Backup, type BackupOptions, backUp } from './backup.js';
export { type Restored, type RestoreOptions, restore } from './restore.js';
