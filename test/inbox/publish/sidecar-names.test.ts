import { describe, expect, it } from 'vitest';
import { passedOver } from '../../../src/daemon/settings.js';
import { carriedName, isShared, sidecarsOf } from '../../../src/inbox/publish/sidecar-names.js';
import { ignoring } from '../../../src/inbox/watch/junk.js';

describe('what lies beside an image', () => {
  const isIgnored = ignoring(passedOver({ ignore: ['drafts/**'] }));

  it('is passed over, in whichever case, and so is what the configuration names', () => {
    for (const name of [
      'a.xmp',
      'sub/A.JPG.XMP',
      'a.jgw',
      'a.txt',
      'a.json',
      'IMG_1.AAE',
      'a.tif.aux.xml',
      'drafts/a.png',
    ])
      expect(isIgnored(name), name).toBe(true);
  });

  it('hides no image, and nothing else that is none', () => {
    for (const name of ['a.png', 'xmp', 'a.xmp.png', 'txt/a.jpg', 'a.pdf', 'a.mp4', 'a.dng'])
      expect(isIgnored(name), name).toBe(false);
  });
});

describe('the sidecars of an image', () => {
  const names = [
    'a.jpg',
    'a.xmp',
    'a.jpg.XMP',
    'a.jpg.aux.xml',
    'a.png',
    'a b.xmp',
    'ab.xmp',
    '.a.xmp',
    'a.pdf',
    'b.xmp',
  ];

  it('have its name, or its name without its ending, and an ending of their kind', () => {
    expect(sidecarsOf('a.jpg', names)).toEqual(['a.xmp', 'a.jpg.XMP', 'a.jpg.aux.xml']);
    expect(sidecarsOf('a.png', names)).toEqual(['a.xmp']);
    expect(sidecarsOf('c.png', names)).toEqual([]);
  });

  it("are another image's, too, where only their endings tell the images apart", () => {
    expect(isShared('a.xmp', 'a.jpg', names)).toBe(true);
    expect(isShared('a.jpg.XMP', 'a.jpg', names)).toBe(false);
    expect(isShared('b.xmp', 'b.jpg', ['b.jpg', ...names])).toBe(false);
  });

  it('are named after its output', () => {
    expect(carriedName('a.xmp', 'a.jpg', 'a.jpg')).toBe('a.xmp');
    expect(carriedName('a.xmp', 'a.jpg', 'a (2).jpg')).toBe('a (2).xmp');
    expect(carriedName('a.jpg.aux.xml', 'a.jpg', 'a (2).jpg')).toBe('a (2).jpg.aux.xml');
    expect(carriedName('a.b.XMP', 'a.b.tif', 'a.b.tif.png')).toBe('a.b.tif.XMP');
  });
});
