/** The generated code against the schema it is made of, without the compiler that made it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { file_onnx } from '../../src/onnx/generated/index.js';

it('every field of the schema is in the generated code, under its number, and no other', async () => {
  const schema = await readFile(join(packageRoot, 'tools', 'onnx-schema', 'proto', 'onnx.proto'), 'utf8');
  const messages = file_onnx.messages.flatMap(message => [message, ...message.nestedMessages]);
  const generated = messages.flatMap(({ name, fields }) =>
    fields.map(field => `${name}.${field.name} = ${field.number}`),
  );
  expect(generated.length).toBeGreaterThan(100);
  expect(generated.sort()).toEqual(fieldsOf(schema).sort());
});

/** `Message.field = number` of each field, by the innermost message around it. */
function fieldsOf(schema: string): string[] {
  const open: string[] = [];
  const fields: string[] = [];
  for (const [, opened, name, number, closed] of schema
    .replace(/\/\/.*$/gm, '')
    .matchAll(/\b(?:(?:message|enum|oneof) (\w+) *\{)|\b(\w+) *= *(\d+)[^;]*;|(\})/g)) {
    if (opened) open.push(opened);
    else if (closed) open.pop();
    else fields.push(`${open.findLast(each => /^[A-Z]/.test(each))}.${name} = ${number}`);
  }
  return fields.filter(field => !/\.[A-Z_0-9]+ = /.test(field));
}
