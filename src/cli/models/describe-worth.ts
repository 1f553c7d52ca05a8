/** What a model is worth and what may be done with it, as its manifest says, in lines for people. It measures nothing. */
import type { ModelReference } from '../../catalog/index.js';
import type { QualityFigure } from '../../plugin-api/index.js';

/** No lines for a model of which the manifest says nothing. */
export function describeWorth({ quality, licence }: Partial<ModelReference> = {}): readonly string[] {
  return [
    ...(quality ? [`quality: ${quality.figures.map(describeFigure).join('; ')}; on ${quality.on}`] : []),
    ...(licence ? [`licence: ${licence.weights}; fitted on ${licence.data}`] : []),
  ];
}

/** `called a zebra 68 % (input unchanged 0 %, real images 89 %; higher is better)` */
function describeFigure({ name, value, unit, better, unchanged, real }: QualityFigure): string {
  const withUnit = (number: number) => (unit === undefined ? `${number}` : `${number} ${unit}`);
  const beside = [
    ...(unchanged === undefined ? [] : [`input unchanged ${withUnit(unchanged)}`]),
    ...(real === undefined ? [] : [`real images ${withUnit(real)}`]),
  ];
  const direction = `${better} is better`;
  return `${name} ${withUnit(value)} (${beside.length > 0 ? `${beside.join(', ')}; ${direction}` : direction})`;
}
