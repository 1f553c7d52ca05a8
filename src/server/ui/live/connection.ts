/** Whether what the page shows is true now. Everything that changes something asks this first. */
import { computed, signal } from '@preact/signals';

export type Connection =
  | { readonly kind: 'opening' }
  | { readonly kind: 'live' }
  /** `asOfMs`: the moment of the last news. */
  | { readonly kind: 'lost'; readonly asOfMs: number | undefined }
  /** The token is missing or wrong. */
  | { readonly kind: 'locked' };

export const connection = signal<Connection>({ kind: 'opening' });

/** Only then may buttons act. */
export const isLive = computed(() => connection.value.kind === 'live');
