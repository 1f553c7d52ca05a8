/**
 * The part of an image that is looked at: one scale and one place for all panes, so that both images always show the same spot. Lengths
 * of panes are in CSS pixels, those of the image in its own; `scale` is pane pixels for each image pixel.
 */
import { signal } from '@preact/signals';

export interface Size {
  readonly width: number;
  readonly height: number;
}

interface View {
  readonly scale: number;
  /** Of the image's corner in the pane. */
  readonly x: number;
  readonly y: number;
}

const most = 32;
/** Room around a fitted image. */
const margin = 0;

export class Viewport {
  readonly view = signal<View>({ scale: 1, x: 0, y: 0 });
  /** Whether it follows the pane's size. */
  readonly isFitted = signal(true);
  #image: Size = { width: 1, height: 1 };
  #pane: Size = { width: 1, height: 1 };

  /** What is shown, and where. Keeps the view where both are as they were. */
  measure(image: Size, pane: Size): void {
    const isSame = isEqual(image, this.#image) && isEqual(pane, this.#pane);
    this.#image = image;
    this.#pane = pane;
    if (!isSame && this.isFitted.value) this.fit();
    else if (!isSame) this.#set(this.view.value);
  }

  fit(): void {
    this.isFitted.value = true;
    const scale = this.#fitScale;
    const { width, height } = this.#image;
    this.view.value = { scale, x: (this.#pane.width - width * scale) / 2, y: (this.#pane.height - height * scale) / 2 };
  }

  /** One pixel of the image on one pixel of the screen. */
  actualSize(): void {
    this.zoomTo(1 / devicePixelRatio);
  }

  /** Between the whole and 100 %. */
  toggle(atX?: number, atY?: number): void {
    if (this.isFitted.value) this.zoomTo(Math.max(1 / devicePixelRatio, this.#fitScale * 2), atX, atY);
    else this.fit();
  }

  zoomBy(factor: number, atX?: number, atY?: number): void {
    this.zoomTo(this.view.value.scale * factor, atX, atY);
  }

  /** The spot at `atX`, `atY` of the pane (its middle, where not given) stays where it is. */
  zoomTo(scale: number, atX = this.#pane.width / 2, atY = this.#pane.height / 2): void {
    const { scale: old, x, y } = this.view.value;
    const next = Math.min(most, Math.max(Math.min(this.#fitScale, 1 / devicePixelRatio), scale));
    const factor = next / old;
    this.isFitted.value = false;
    this.#set({ scale: next, x: atX - (atX - x) * factor, y: atY - (atY - y) * factor });
  }

  panBy(dx: number, dy: number): void {
    const { scale, x, y } = this.view.value;
    this.isFitted.value = false;
    this.#set({ scale, x: x + dx, y: y + dy });
  }

  get #fitScale(): number {
    const { width, height } = this.#pane;
    return Math.min((width - margin) / this.#image.width, (height - margin) / this.#image.height);
  }

  /** No part of the pane stays empty that the image could fill. */
  #set({ scale, x, y }: View): void {
    const held = (place: number, pane: number, length: number) =>
      length <= pane ? (pane - length) / 2 : Math.min(0, Math.max(pane - length, place));
    this.view.value = {
      scale,
      x: held(x, this.#pane.width, this.#image.width * scale),
      y: held(y, this.#pane.height, this.#image.height * scale),
    };
  }
}

function isEqual(one: Size, other: Size): boolean {
  return one.width === other.width && one.height === other.height;
}
