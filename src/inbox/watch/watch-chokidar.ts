/**
 * Hints by chokidar, for inboxes of ordinary size. It takes one inotify watch and some 3 KB for every file and reads
 * a folder anew whenever something happens in it, so that it must not be handed an inbox of many files:
 * `chooseBackend` sees to that.
 */
import { relative, sep } from 'node:path';
import { watch } from 'chokidar';
import { Emitter, type RelativePath } from '../../base/index.js';
import type { OpenWatchBackend } from './watch-backend.js';

export const openChokidar: OpenWatchBackend = ({ root, isIgnored }) => {
  const hints = new Emitter<RelativePath>();
  const warnings = new Emitter<unknown>();
  const inInbox = (path: string) => relative(root, path).split(sep).join('/');
  const watcher = watch(root, {
    ignoreInitial: true,
    followSymlinks: false,
    awaitWriteFinish: false,
    atomic: false,
    ignorePermissionErrors: false,
    usePolling: false,
    ignored: path => path !== root && isIgnored(inInbox(path)),
  });
  const hint = (path: string) => hints.fire(inInbox(path));
  watcher.on('add', hint).on('change', hint).on('unlink', hint).on('unlinkDir', hint);
  watcher.on('error', error => warnings.fire(error));
  return {
    ready: new Promise(resolve => watcher.once('ready', () => resolve())),
    onHint: hints.event,
    onWarning: warnings.event,
    async dispose() {
      hints.dispose();
      warnings.dispose();
      await watcher.close();
    },
  };
};
