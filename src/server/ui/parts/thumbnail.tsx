/** A picture of a job, small; where there is none to show (the file is gone, or no image), a sign in the same place. */
import { useState } from 'preact/hooks';
import { addressOf } from '../live/index.js';
import { Icon } from './icon.js';

export interface ThumbnailProps {
  readonly id: string;
  readonly of: 'source' | 'output';
  /** What it shows; empty where words beside it say that. */
  readonly alt?: string;
}

export function Thumbnail({ id, of, alt = '' }: ThumbnailProps) {
  const address = addressOf('getThumbnail', { id }, { of });
  const [failed, setFailed] = useState('');
  return (
    <span class="thumbnail">
      {failed === address ? (
        <Icon name="image" size={20} />
      ) : (
        <img src={address} alt={alt} loading="lazy" decoding="async" onError={() => setFailed(address)} />
      )}
    </span>
  );
}
