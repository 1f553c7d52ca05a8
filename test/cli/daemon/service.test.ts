import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/base/index.js';
import { serviceUnit } from '../../../src/cli/daemon/service-unit.js';
import { resolveConfig } from '../../../src/daemon/index.js';
import { temporaryFolder } from '../../support/pictures.js';
import { dayNight, project } from '../../support/project.js';

const analyze = (...words: readonly string[]) => spawnSync('systemd-analyze', words, { encoding: 'utf8' });
/** Where it is not installed, its tests are skipped. */
const hasSystemd = analyze('--version').status === 0;

async function unitFile(runAs: string | undefined, more: object = {}): Promise<string> {
  const root = join(await temporaryFolder(), 'a "folder" of 100% $HOME');
  await mkdir(root);
  const config = resolveConfig({ ...dayNight, ...more }, root);
  const command = [process.execPath, join(packageRoot, 'dist/cli/main.js')];
  const path = join(root, '..', 'cyclebox.service');
  await writeFile(path, serviceUnit({ command, file: join(root, 'watch-config.json'), config, runAs }));
  return path;
}

describe.skipIf(!hasSystemd)('the unit of the service', () => {
  it.each([
    ['system', 'root'],
    ['user', undefined],
  ])('of the %s is what systemd takes', async (_, runAs) => {
    const path = await unitFile(runAs);
    const { status, stdout, stderr } = analyze('verify', '--man=no', '--recursive-errors=no', path);
    expect(stdout + stderr).not.toContain('cyclebox.service');
    expect(status).toBe(0);
  });

  it('is refused by systemd when it is broken, so that the test above can fail', async () => {
    const path = await unitFile(undefined);
    await writeFile(path, (await readFile(path, 'utf8')).replace('Type=exec', 'Type=exact'));
    const { stdout, stderr } = analyze('verify', '--man=no', path);
    expect(stdout + stderr).toMatch(/cyclebox\.service.*exact/);
  });

  it('of the system is shut in: systemd exposes it at less than 3 of 10', async () => {
    const path = await unitFile('nobody', { engine: 'cpu' });
    const { status, stdout } = analyze('security', '--offline=true', '--threshold=30', path);
    expect(stdout).toMatch(/Overall exposure level for cyclebox\.service: \d/);
    expect(status).toBe(0);
  });
});

describe('the unit of the service', () => {
  it('may write into its own folders, wherever they are, and into no others', async () => {
    const more = { outbox: '/elsewhere/out', afterSuccess: 'archive', archive: '/elsewhere/archive' };
    const unit = await readFile(await unitFile('cyclebox', more), 'utf8');
    const written = [...unit.matchAll(/^ReadWritePaths="(.*)"$/gm)].map(([, path]) => path!);
    expect(written).toHaveLength(3);
    expect(written[0]).toMatch(/a \\"folder\\" of 100%% \$\$HOME$/);
    expect(written.slice(1)).toEqual(['/elsewhere/out', '/elsewhere/archive']);
    expect(unit).toMatch(/^ProtectSystem=strict$/m);
    expect(unit).toMatch(/^TimeoutStopSec=45$/m);
    expect(unit).not.toMatch(/PrivateDevices/);
  });
});

describe.skipIf(process.platform !== 'linux')('cyclebox service', () => {
  /** In a project, with a stand-in for systemctl that writes down what it is told. */
  async function place() {
    const root = await project();
    const bin = join(root, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'systemctl'), `#!/bin/sh\necho "$@" >> ${join(root, 'told')}\n`);
    await chmod(join(bin, 'systemctl'), 0o755);
    const env = {
      ...process.env,
      XDG_CONFIG_HOME: join(root, 'etc'),
      PATH: `${bin}${delimiter}${process.env['PATH']}`,
    };
    const run = (...words: readonly string[]) =>
      spawnSync(process.execPath, [join(packageRoot, 'dist/cli/main.js'), 'service', ...words], {
        cwd: root,
        env,
        encoding: 'utf8',
      });
    return {
      root,
      run,
      unit: join(root, 'etc/systemd/user/cyclebox.service'),
      told: () => readFile(join(root, 'told'), 'utf8'),
    };
  }

  it('installs, shows and uninstalls, and leaves what is not its own', async () => {
    const { root, run, unit, told } = await place();
    expect(run('status')).toMatchObject({ status: 1, stdout: expect.stringContaining('not installed') });
    expect(run('install')).toMatchObject({ status: 0, stderr: '' });
    expect(await readFile(unit, 'utf8')).toContain(`"start" "--config" "${join(root, 'watch-config.json')}"`);
    expect(await told()).toBe('--user daemon-reload\n--user enable --now cyclebox.service\n');
    expect(run('status').status).toBe(0);
    expect(run('uninstall').status).toBe(0);
    expect(await readdir(join(unit, '..'))).toEqual([]);
    expect(await told()).toMatch(/--user disable --now cyclebox\.service\n--user daemon-reload\n$/);
    await writeFile(unit, '[Service]\nExecStart=/bin/true\n');
    expect(run('install').stderr).toMatch(/FILE_EXISTS: .* was not made by cyclebox/);
    expect(run('uninstall').stderr).toMatch(/FILE_EXISTS/);
    expect(run('install', '--system').stderr).toMatch(/USAGE: .*--run-as/);
  });
});
