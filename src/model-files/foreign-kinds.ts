/**
 * Files that people take for models that can be read, and what they are: a table of beginnings, each with a sentence's end
 * that says it and what would help. Nothing here is an error by itself.
 */

interface ForeignKind {
  readonly matches: (head: Buffer, tail: Buffer) => boolean;
  /** After the file's name: `is an image`. */
  readonly text: string;
}

const begins =
  (...texts: readonly string[]) =>
  (head: Buffer): boolean =>
    texts.some(text => head.subarray(0, text.length).toString('latin1') === text);

const isZipWith =
  (...names: readonly string[]) =>
  (head: Buffer, tail: Buffer): boolean =>
    begins('PK\x03\x04')(head) && names.every(name => tail.includes(name));

const at = (offset: number, text: string) => (head: Buffer) =>
  head.subarray(offset, offset + text.length).toString('latin1') === text;

const convertKeras =
  'Convert it where TensorFlow is: tensorflowjs_converter --input_format keras FILE FOLDER, and give the folder';

const kinds: readonly ForeignKind[] = [
  {
    matches: isZipWith('constants.pkl'),
    text: 'is a TorchScript program, not weights. Save the network’s state_dict with torch.save, or export it with torch.onnx.export',
  },
  { matches: isZipWith('config.json', '.h5'), text: `is a Keras 3 file. ${convertKeras}` },
  { matches: isZipWith('.npy'), text: 'is an archive of NumPy arrays, which names no network' },
  { matches: begins('PK\x03\x04'), text: 'is a zip archive without a PyTorch model in it' },
  { matches: begins('\x89HDF'), text: `is an HDF5 file, as Keras writes them. ${convertKeras}` },
  { matches: at(4, 'TFL3'), text: 'is a TensorFlow Lite model, which is not read. Export the network as ONNX' },
  { matches: begins('\x93NUMPY'), text: 'is a NumPy array' },
  { matches: begins('GGUF'), text: 'is a GGUF file: a language model’s, not an image network’s' },
  {
    matches: begins('version https://git-lfs'),
    text: 'is a pointer of Git LFS, not the file itself. Fetch it: git lfs pull',
  },
  { matches: begins('\x1f\x8b'), text: 'is a gzip archive. Unpack it first' },
  { matches: at(257, 'ustar'), text: 'is a tar archive. Unpack it first' },
  { matches: begins('\xff\xd8\xff', '\x89PNG', 'GIF8', 'II*\0', 'MM\0*'), text: 'is an image' },
  { matches: head => at(0, 'RIFF')(head) && at(8, 'WEBP')(head), text: 'is an image' },
  {
    matches: head => /^\s*<(?:!doctype html|html)/i.test(head.toString('latin1', 0, 200)),
    text: 'is a web page. Download the file itself',
  },
  { matches: head => head.length === 0, text: 'is empty' },
  { matches: head => /^\s*[[{]/.test(head.toString('latin1', 0, 50)), text: 'is JSON, but no TensorFlow.js model' },
];

/** Undefined for what nobody knows. */
export function foreignKindOf(head: Buffer, tail: Buffer): string | undefined {
  return kinds.find(({ matches }) => matches(head, tail))?.text;
}
