/**
 * The environment variables that a plugin's process is given: those that programs need to run at all, and none that say who the
 * user is or hold a key. `NODE_OPTIONS` above all is left out, since it could undo the permissions.
 */

/** As the system spells them; Windows does not tell capitals. */
const allowed: ReadonlySet<string> = new Set([
  'PATH',
  'LANG',
  'LANGUAGE',
  'TZ',
  'NO_COLOR',
  'SYSTEMROOT',
  'WINDIR',
  'COMSPEC',
  'PATHEXT',
  'NUMBER_OF_PROCESSORS',
  'PROCESSOR_ARCHITECTURE',
]);

/** @param temporary the folder for temporary files, which the process may write */
export function pluginEnvironment(temporary: string, from: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept = Object.entries(from).filter(([name]) => allowed.has(name.toUpperCase()) || name.startsWith('LC_'));
  return { ...Object.fromEntries(kept), TMPDIR: temporary, TEMP: temporary, TMP: temporary };
}
