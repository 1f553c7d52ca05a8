import { describe, expect, it } from 'vitest';
import { passedOver } from '../../src/daemon/settings.js';
import { ignoring } from '../../src/inbox/watch/junk.js';

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
