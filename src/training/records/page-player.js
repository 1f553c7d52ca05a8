/**
 * The report's sample grids: one slider for all images, and a row enlarged in a dialog. Each step's grid is one picture,
 * of which the tiles are cut. Part of the script in report.html.
 *
 * @typedef {{ key: string, title: string }} Column
 * @typedef {{ columns: Column[], rows: number, steps: { step: number, image: string }[] }} Samples
 */
import { nearestIndex, stepText } from './page-curves.js';

const playMs = 450;

export class SamplePlayer {
  /**
   * @param {Samples} samples
   * @param {(step: number) => void} onStep told of every step that is shown
   */
  constructor(samples, onStep) {
    this.samples = samples;
    this.onStep = onStep;
    this.index = samples.steps.length - 1;
    /** @type {Map<number, Promise<HTMLImageElement>>} */
    this.sheets = new Map();
    this.timer = 0;
    this.slider = /** @type {HTMLInputElement} */ (document.getElementById('sample-step'));
    this.label = /** @type {HTMLOutputElement} */ (document.getElementById('sample-label'));
    this.button = /** @type {HTMLButtonElement} */ (document.getElementById('sample-play'));
    this.dialog = new RowDialog(this, /** @type {HTMLDialogElement} */ (document.getElementById('sample-dialog')));
    this.rows = Array.from({ length: samples.rows }, (_, row) => this.addRow(row));
    this.listen();
    this.show(this.index);
  }

  /** @param {number} row */
  addRow(row) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'sample-row';
    button.setAttribute('aria-label', `Enlarge sample ${row + 1}`);
    button.addEventListener('click', () => this.dialog.open(row));
    const grid = /** @type {HTMLElement} */ (document.getElementById('sample-grid'));
    grid.dataset['columns'] = String(this.samples.columns.length);
    grid.append(button);
    return addTiles(button, this.samples.columns);
  }

  listen() {
    const bar = /** @type {HTMLElement} */ (this.slider.parentElement);
    bar.hidden = this.samples.steps.length < 2;
    this.slider.addEventListener('input', () => this.seek(this.slider.valueAsNumber));
    this.button.addEventListener('click', () => (this.timer ? this.stop() : this.play()));
  }

  play() {
    this.timer = setInterval(() => this.show((this.index + 1) % this.samples.steps.length), playMs);
    this.button.textContent = 'Pause';
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.button.textContent = 'Play';
  }

  /** @param {number} index of a step; beyond either end it is the end's */
  seek(index) {
    this.stop();
    this.show(Math.max(0, Math.min(this.samples.steps.length - 1, index)));
  }

  /** @param {number} step the grid nearest to it is shown */
  seekStep(step) {
    const steps = this.samples.steps.map(one => one.step);
    this.seek(nearestIndex(steps, step));
  }

  /** @param {number} index */
  async show(index) {
    this.index = index;
    const { step, image } = this.samples.steps[index] ?? { step: 0, image: '' };
    this.slider.value = String(index);
    this.slider.setAttribute('aria-valuetext', `step ${step}`);
    this.label.textContent = `step ${stepText(step)}`;
    this.onStep(step);
    const sheet = await this.sheet(index, image);
    if (index !== this.index) return;
    for (const [row, canvases] of this.rows.entries()) this.drawRow(sheet, canvases, row);
    this.dialog.draw(sheet, step);
  }

  /**
   * @param {number} index
   * @param {string} source
   */
  sheet(index, source) {
    const known = this.sheets.get(index) ?? decoded(source);
    this.sheets.set(index, known);
    return known;
  }

  /**
   * @param {HTMLImageElement} sheet
   * @param {HTMLCanvasElement[]} canvases
   * @param {number} row
   */
  drawRow(sheet, canvases, row) {
    const width = sheet.naturalWidth / this.samples.columns.length;
    const height = sheet.naturalHeight / this.samples.rows;
    for (const [column, canvas] of canvases.entries()) {
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      canvas.getContext('2d')?.drawImage(sheet, column * width, row * height, width, height, 0, 0, width, height);
    }
  }
}

class RowDialog {
  /**
   * @param {SamplePlayer} player
   * @param {HTMLDialogElement} element
   */
  constructor(player, element) {
    this.player = player;
    this.element = element;
    this.row = 0;
    const bar = element.appendChild(document.createElement('div'));
    bar.className = 'dialog-bar';
    this.title = bar.appendChild(document.createElement('span'));
    this.slider = bar.appendChild(/** @type {HTMLInputElement} */ (player.slider.cloneNode()));
    this.slider.removeAttribute('id');
    this.slider.addEventListener('input', () => player.seek(this.slider.valueAsNumber));
    const close = bar.appendChild(document.createElement('button'));
    close.type = 'button';
    close.textContent = 'Close';
    const tiles = element.appendChild(document.createElement('div'));
    tiles.className = 'dialog-row';
    this.canvases = addTiles(tiles, player.samples.columns);
    close.addEventListener('click', () => element.close());
    element.addEventListener('keydown', event => this.press(event));
    element.addEventListener('click', event => event.target === element && element.close());
  }

  /** @param {number} row */
  open(row) {
    this.row = row;
    this.element.showModal();
    this.player.show(this.player.index);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const { player } = this;
    const steps = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
    const rows = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
    if (steps === 0 && rows === 0) return;
    event.preventDefault();
    this.row = (this.row + rows + player.samples.rows) % player.samples.rows;
    player.seek(player.index + steps);
  }

  /**
   * @param {HTMLImageElement} sheet
   * @param {number} step
   */
  draw(sheet, step) {
    if (!this.element.open) return;
    this.slider.value = this.player.slider.value;
    this.title.textContent = `Sample ${this.row + 1} of ${this.player.samples.rows}, step ${stepText(step)}`;
    this.player.drawRow(sheet, this.canvases, this.row);
  }
}

/**
 * A canvas with its caption for each column.
 * @param {HTMLElement} parent
 * @param {Column[]} columns
 * @returns {HTMLCanvasElement[]}
 */
function addTiles(parent, columns) {
  parent.dataset['columns'] = String(columns.length);
  return columns.map(({ title }) => {
    const tile = parent.appendChild(document.createElement('span'));
    tile.className = 'tile';
    const canvas = tile.appendChild(document.createElement('canvas'));
    const caption = tile.appendChild(document.createElement('span'));
    caption.textContent = title;
    return canvas;
  });
}

/** @param {string} source a data URI */
async function decoded(source) {
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}
