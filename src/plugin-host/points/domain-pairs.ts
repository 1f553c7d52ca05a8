/**
 * `contributes.domainPairs`: two domains and the models between them. The one point that needs no code: its plugins are never
 * activated. What becomes of a pair (model files found and verified) is the catalogue's business.
 */
import { z } from 'zod';
import { didYouMean } from '../../base/index.js';
import { leadsElsewhere } from '../../picture/index.js';
import { listPoint } from './contribution-point.js';
import { description, id, isInside, staysInside, words } from './fields.js';
import { nameTemplate, outputFields, refineOutput } from './output.js';
import { scaleSchema } from './scale.js';
import { tilingSchema } from './tiling.js';

const pixels = z.int('must be a whole number of pixels').min(1).max(65_535);

const fit = z
  .strictObject({
    trainedSize: pixels
      .exactOptional()
      .describe('The shorter side, in pixels, that whole training images were scaled to before crops were taken.'),
    cropSize: pixels.exactOptional().describe('The side of those crops, in pixels.'),
    scale: scaleSchema
      .exactOptional()
      .describe('What images are shown at unless somebody asks for something else. Default "native".'),
    tiling: tilingSchema
      .exactOptional()
      .describe(
        'What the parts of an image that does not go in one piece are normalised by, unless somebody asks for something else. Default "exact".',
      ),
  })
  .describe('At which scale the model should be shown images.');

const figure = z.strictObject({
  name: words.describe('For people: "called a zebra".'),
  value: z.number(),
  unit: words.exactOptional().describe('"%", "dB"; none for plain numbers.'),
  better: z.enum(['higher', 'lower']),
  unchanged: z.number().exactOptional().describe('What the input itself gets: what doing nothing gets.'),
  real: z.number().exactOptional().describe('What real images of the target domain get: what there is to get.'),
});

const quality = z
  .strictObject({
    on: words.describe('The images: "150 held-out places, 128 × 128 pixels".'),
    figures: z.array(figure).min(1, 'must have at least one').describe('The most telling first.'),
  })
  .describe('How good it is, as its maker measured it on images that it was not trained on.');

const likeness = z.strictObject({
  psnr: z.number().describe('Peak signal-to-noise ratio to float32 in dB, over all judging images.'),
  lowest: z.number().describe('That of the image with the lowest.'),
  images: z.int().min(1).describe('On so many images, none of which it was calibrated on.'),
});

const precisions = z
  .strictObject({ int8: likeness.exactOptional() })
  .describe(
    'In which precisions besides float32 it may run on CPUs, and what that costs: "cyclebox models quantize" writes it.',
  );

const licence = z
  .strictObject({
    weights: words.describe('Of the weights: an SPDX identifier, or words.'),
    data: words.describe('Of the training images: where they come from, and under which terms.'),
  })
  .describe('What may be done with the model, and with the images that it was fitted on.');

const model = z.strictObject({
  path: z
    .string()
    .refine(isInside, staysInside)
    .describe(
      "A model file of any kind that is read, or a TensorFlow.js folder, relative to the plugin's folder, else to the model store.",
    ),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')
    .exactOptional()
    .describe('The SHA-256 of the file in hex; another file is refused.'),
  size: z
    .int('must be a whole number of bytes')
    .min(1)
    .exactOptional()
    .describe('The size of the file in bytes; a file of another size is refused.'),
  fit: fit.exactOptional(),
  quality: quality.exactOptional(),
  precisions: precisions.exactOptional(),
  licence: licence.exactOptional(),
});

const output = z
  .strictObject({
    name: nameTemplate
      .refine(
        template => !leadsElsewhere(template),
        'must be a name without slashes: the folder is for routes to choose',
      )
      .exactOptional(),
    format: outputFields.format.exactOptional(),
    quality: outputFields.quality.exactOptional(),
    lossless: outputFields.lossless.exactOptional(),
    chroma: outputFields.chroma.exactOptional(),
    compression: outputFields.compression.exactOptional(),
    depth: outputFields.depth.exactOptional(),
    colour: outputFields.colour.exactOptional(),
  })
  .superRefine(refineOutput)
  .describe('What results are like and are called where a route does not say; without it, as their images are.');

const domainPair = z
  .strictObject({
    id,
    title: z.string().exactOptional().describe('For people: "Satellite ⇄ map".'),
    description,
    domains: z.tuple([id, id]).describe('The names of the two domains, A then B.'),
    models: z
      .record(z.string(), model)
      .exactOptional()
      .describe('By the domain that the model leads to. A direction may be left out.'),
    output: output.exactOptional(),
  })
  .superRefine((pair, context) => {
    const [a, b] = pair.domains;
    if (a === b) context.addIssue({ code: 'custom', path: ['domains'], message: `must be two, not "${a}" twice` });
    for (const to of Object.keys(pair.models ?? {}))
      if (to !== a && to !== b)
        context.addIssue({
          code: 'custom',
          path: ['models', to],
          message: `leads to "${to}", which is no domain of the pair; its domains are "${a}" and "${b}".${didYouMean(to, [a, b])}`,
        });
  });

export const domainPairs = listPoint<'domainPairs'>({
  name: 'domainPairs',
  noun: 'pair',
  description: 'Two piles of images of one kind each, and the models that lead from one to the other. Needs no code.',
  schema: z.array(domainPair),
  example: [
    {
      id: 'cat-dog',
      title: 'Cat ⇄ dog',
      domains: ['cat', 'dog'],
      models: { dog: { path: 'to-dog.onnx' }, cat: { path: 'to-cat.onnx' } },
    },
  ],
  idOf: pair => pair.id,
  activationEventOf: () => undefined,
});
