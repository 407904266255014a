/** A canvas that always has the pixels of its box, whatever the device's ratio, and a few marks that all charts share. */
import type { Palette } from './theme.ts';

export const FONT = '"Inter Variable", system-ui, sans-serif';

export class Surface {
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D;
  /** CSS pixels. */
  width = 0;
  height = 0;
  ratio = 1;

  constructor(host: HTMLElement, changed: () => void) {
    this.canvas = document.createElement('canvas');
    this.canvas.className = 'surface';
    this.canvas.setAttribute('aria-hidden', 'true');
    host.append(this.canvas);
    this.context = this.canvas.getContext('2d')!;
    new ResizeObserver(() => {
      if (this.#fit()) changed();
    }).observe(host);
    this.#fit();
  }

  #fit(): boolean {
    const box = this.canvas.parentElement!.getBoundingClientRect();
    const ratio = devicePixelRatio;
    if (box.width === this.width && box.height === this.height && ratio === this.ratio) return false;
    this.width = box.width;
    this.height = box.height;
    this.ratio = ratio;
    this.canvas.width = Math.max(1, Math.round(box.width * ratio));
    this.canvas.height = Math.max(1, Math.round(box.height * ratio));
    return true;
  }

  /** Clears, and gives a context in CSS pixels. Follows the window to a screen of another ratio. */
  begin(): CanvasRenderingContext2D {
    if (devicePixelRatio !== this.ratio) this.#fit();
    const { context } = this;
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    return context;
  }

  /** Rounds a CSS length to whole device pixels. */
  snap(value: number): number {
    return Math.round(value * this.ratio) / this.ratio;
  }
}

/** A 45 degree hatch over a rectangle. */
export function hatch(
  context: CanvasRenderingContext2D,
  colour: string,
  x: number,
  y: number,
  width: number,
  height: number,
  pitch: number,
): void {
  if (!(width > 0) || !(height > 0)) return;
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.beginPath();
  const from = Math.floor((x - height) / pitch) * pitch;
  for (let at = from; at < x + width; at += pitch) {
    context.moveTo(at, y + height);
    context.lineTo(at + height, y);
  }
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.setLineDash([]);
  context.stroke();
  context.restore();
}

/** The glyph of a severity: a filled diamond, or an open triangle. */
export function severityGlyph(
  context: CanvasRenderingContext2D,
  palette: Palette,
  severity: 'critical' | 'warning' | 'none',
  x: number,
  y: number,
  size: number,
): void {
  context.beginPath();
  if (severity === 'warning') {
    context.moveTo(x, y - size);
    context.lineTo(x + size, y + size * 0.8);
    context.lineTo(x - size, y + size * 0.8);
    context.closePath();
    context.lineWidth = 1.5;
    context.setLineDash([]);
    context.strokeStyle = palette.warn;
    context.fillStyle = palette.bg;
    context.fill();
    context.stroke();
    return;
  }
  context.moveTo(x, y - size);
  context.lineTo(x + size, y);
  context.lineTo(x, y + size);
  context.lineTo(x - size, y);
  context.closePath();
  context.fillStyle = severity === 'critical' ? palette.crit : palette.t1;
  context.fill();
}
