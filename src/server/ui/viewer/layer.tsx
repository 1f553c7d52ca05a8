/** One of the two images in its pane, moved and scaled as the viewport says. Both are drawn in the size of the one that sets the measure. */
import { useState } from 'preact/hooks';
import { Icon } from '../parts/index.js';
import type { Size, Viewport } from './viewport.js';

/** Addresses. */
export interface Pictures {
  readonly before: string;
  /** Absent where there is no output. */
  readonly after?: string | undefined;
}

export interface LayerProps {
  readonly viewport: Viewport;
  readonly pictures: Pictures;
  readonly which: 'before' | 'after';
  readonly name: string;
  readonly size: Size | undefined;
  /** Told of the size of the image that sets the measure: the output, where there is one. */
  readonly onSize: (size: Size) => void;
  /** Where its name stands. */
  readonly side?: 'left' | 'right';
  /** Shown from the left, in per cent. */
  readonly clip?: number;
  readonly isHidden?: boolean;
}

/** From here on pixels are seen as such. */
const pixelScale = 3;

export function Layer({ viewport, pictures, which, name, size, onSize, side = 'left', clip, isHidden }: LayerProps) {
  const address = pictures[which] ?? '';
  const [failed, setFailed] = useState('');
  const measures = which === (pictures.after === undefined ? 'before' : 'after');
  const { scale, x, y } = viewport.view.value;
  const cut = clip === undefined ? {} : { clipPath: `inset(0 ${100 - clip}% 0 0)` };
  return (
    <div class={`layer${isHidden ? ' hidden' : ''}`} style={cut}>
      {failed === address ? (
        <p class="gone">
          <Icon name="image" size={28} />
          The image {which === 'before' ? 'that went in' : 'that came out'} cannot be shown: its file is gone or was
          changed.
        </p>
      ) : (
        <img
          src={address}
          alt={name === '' ? '' : `${which === 'before' ? 'Before' : 'After'}: ${name}`}
          draggable={false}
          style={{
            width: `${size?.width ?? 0}px`,
            height: `${size?.height ?? 0}px`,
            transform: `translate(${x}px, ${y}px) scale(${scale})`,
            imageRendering: scale >= pixelScale ? 'pixelated' : 'auto',
          }}
          onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) =>
            measures && onSize({ width, height })
          }
          onError={() => setFailed(address)}
        />
      )}
      {name !== '' && <span class={`tag ${side}`}>{name}</span>}
    </div>
  );
}
