/**
 * The order of test files: those that take longest come first, so that no single one is left for the end, when the other workers
 * have nothing more to do. Where Vitest remembers how long files took, it would do so by itself; a fresh clone remembers nothing, and
 * Vitest then goes by their size, which says little. A file that is not named here loses nothing but its place.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** More than about 15 s on two cores, longest first; `npm test -- --reporter=json` says how long each takes. */
export const longFiles = [
  'test/engine/webgpu-golden.test.ts',
  'test/training/process-resume.test.ts',
  'test/cli/daemon/manage-queue.test.ts',
  'test/cli/train/train.test.ts',
  'test/diagnosis/bench.test.ts',
  'test/engine/tfjs-cpu.test.ts',
  'test/server/dashboard-journeys.test.ts',
  'test/house/pack.test.ts',
  'test/cli/plugins/plugins.test.ts',
  'test/cli/cli.test.ts',
  'test/faults/many-machines.test.ts',
  'test/training/evaluation-evaluator.test.ts',
  'test/faults/kill-matrix.test.ts',
  'test/diagnosis/diagnose.test.ts',
  'test/plugins/commands.test.ts',
  'test/tools/study-options.test.ts',
  'test/engine/webgpu.test.ts',
  'test/dispatch/dispatch-faults.test.ts',
  'test/daemon/daemon.test.ts',
  'test/server/dashboard-pages.test.ts',
  'test/training/recipes.test.ts',
  'test/cli/models/export-model.test.ts',
  'test/cli/options/engine-option.test.ts',
  'test/daemon/daemon-living.test.ts',
  'test/engine/webgpu-discovery.test.ts',
  'test/cli/models/evaluate-model.test.ts',
  'test/faults/watching.test.ts',
  'test/tools/study-cycle.test.ts',
  'test/plugins/daemon.test.ts',
  'test/onnx/convolution-spellings.test.ts',
  'test/examples/examples.test.ts',
  'test/cli/translate/translate-files-output.test.ts',
  'test/training/process.test.ts',
  'test/faults/hostile-files.test.ts',
  'test/engine/webgpu-models.test.ts',
  'test/plugins/training.test.ts',
  'test/plugins/first-ten-minutes.test.ts',
] as const;

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = new Map(longFiles.map((name, index) => [name as string, index]));
    const placeOf = ({ moduleId, project }: TestSpecification) =>
      place.get(moduleId.slice(project.config.root.length + 1)) ?? longFiles.length;
    return (await super.sort(files)).sort((a, b) => placeOf(a) - placeOf(b));
  }
}
