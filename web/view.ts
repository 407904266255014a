/** The page's clock: follows live, pauses, selects; one draw an animation frame, from one snapshot. */
import { decimalsFor } from '../src/numbers.ts';
import { type Display, TickFlag } from '../src/wire.ts';
import type { Quantity } from '../src/words.ts';
import { Asking } from './asking.ts';
import { type TimeLabel, timeLabels } from './axis.ts';
import type { Connection } from './connection.ts';
import { Bound } from './scale.ts';
import { coverage, type Series, type Skill, skill, spreadOf } from './series.ts';
import { Explained, type Geometry, geometryOf, type Panel, type Snapshot } from './snapshot.ts';
import { type PageState, pageState } from './state.ts';
import type { Store } from './store.ts';
import type { Theme } from './theme.ts';

const WRITE_MS = 250;
/** Above so many ticks a second, words and figures refresh at WRITE_MS. */
const CALM_RATE = 10;

export class View {
  readonly store: Store;
  readonly connection: Connection;
  readonly theme: Theme;
  readonly panels: Panel[] = [];
  readonly asking: Asking;
  /** Where the colours of attributions end: the same for all methods that are shown. */
  readonly effects = new Bound();
  /** Skill over the last 250 settled ticks, refreshed with the words. */
  skill: Skill | null = null;
  /** Of the intervals over as many. */
  coverage: ReturnType<typeof coverage> = null;
  geometry: Geometry = geometryOf(0, 1);
  #hover: number | null = null;
  #selected: Explained | null = null;
  /** End of what is drawn while paused. */
  #pausedAt: number | null = null;
  #newest = new Explained();
  #series: Series | null = null;
  #target: Quantity | null = null;
  #features: Quantity[] = [];
  #sizes = 0;
  #labelled: { end: number; first: number; labels: TimeLabel[] } = { end: 0, first: 0, labels: [] };
  #drawn = '';
  #written = 0;
  #writeNow = true;
  #rescales = 0;
  /** Whether the newest tick is warm-up: what rushed by then sets no bounds. */
  #warming = false;
  #backfills = 0;
  #frame = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #kind = '';
  readonly #calm = matchMedia('(prefers-reduced-motion: reduce)');

  constructor(store: Store, connection: Connection, theme: Theme) {
    this.store = store;
    this.connection = connection;
    this.theme = theme;
    this.asking = new Asking(store, () => this.refresh());
    setInterval(() => this.invalidate(), 1000);
  }

  /** One past the newest tick drawn. */
  get end(): number {
    return this.#end();
  }

  /** The selected tick, or null while the newest is explained. */
  get selected(): number | null {
    return this.#selected?.at ?? null;
  }

  get paused(): boolean {
    return this.#pausedAt !== null;
  }

  /** Something may have changed: draw in the next animation frame. A hidden tab has none. */
  invalidate(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame((now) => this.#run(now));
  }

  /** A person did something, or a box changed its size: draw and write at once. */
  refresh(): void {
    this.#writeNow = true;
    this.#sizes++;
    this.invalidate();
  }

  resized(width: number): void {
    this.geometry = geometryOf(width, devicePixelRatio);
    document.documentElement.style.setProperty('--now', `${this.geometry.now}px`);
    this.refresh();
  }

  togglePause(): void {
    this.#pausedAt = this.paused ? null : (this.store.series?.end ?? 0);
    this.refresh();
  }

  /** Follows the newest tick again, and explains it. */
  live(): void {
    this.#pausedAt = null;
    this.#selected = null;
    this.asking.follow(null);
    this.refresh();
  }

  /** Asks a method about the selected tick, or about the newest; null: the live one alone. */
  choose(method: string | null): void {
    this.asking.choose(method);
    if (method !== null && !this.#selected) this.select(this.#end() - 1);
    else this.asking.follow(this.#selected);
    this.refresh();
  }

  /** Bounds of the charts shrink to what is in view. */
  rescale(): void {
    this.#rescales++;
    this.refresh();
  }

  get rescales(): number {
    return this.#rescales;
  }

  hover(at: number | null): void {
    if (at === this.#hover) return;
    this.#hover = at;
    this.refresh();
  }

  /** Selects the explained tick nearest to `at`; selecting the selected one again lets it go. */
  select(at: number): void {
    const { series } = this.store;
    if (!series) return;
    const nearest = series.nearestExplained(Math.min(at, this.#end() - 1));
    if (nearest < 0) return;
    if (this.#selected?.at === nearest) this.#selected = null;
    else {
      const selected = new Explained();
      if (selected.load(series, nearest)) this.#selected = selected;
    }
    this.asking.follow(this.#selected);
    this.refresh();
  }

  /** Selects the tick `by` ticks from the selected one, or from the newest. */
  step(by: number): void {
    const from = this.#selected?.at ?? this.#end() - 1;
    const at = Math.min(from + by, this.#end() - 1);
    if (at !== this.#selected?.at) this.select(at);
  }

  setSpeed(value: number): void {
    this.connection.send({ type: 'speed', value });
  }

  #end(): number {
    return this.#pausedAt ?? this.store.series?.end ?? 0;
  }

  #run(now: number): void {
    this.#frame = 0;
    clearTimeout(this.#timer);
    const wait = this.#tooSoon(now);
    if (wait > 0) {
      this.#timer = setTimeout(() => this.invalidate(), wait);
      return;
    }
    const state = pageState(this.store, this.connection.link, now);
    this.#appear(state);
    const write = this.#writeNow || now - this.#written >= WRITE_MS || this.#rate() <= CALM_RATE;
    if (write) for (const panel of this.panels) panel.state?.(state);
    const snapshot = this.#snapshot(state, now, write);
    if (snapshot) {
      const key = this.#drawKey(snapshot);
      if (key !== this.#drawn) {
        this.#drawn = key;
        for (const panel of this.panels) panel.draw?.(snapshot);
      }
      if (write) for (const panel of this.panels) panel.write?.(snapshot);
    }
    if (write) {
      this.#written = now;
      this.#writeNow = false;
    } else {
      this.#timer = setTimeout(() => this.invalidate(), WRITE_MS);
    }
  }

  /** With reduced motion, a feed of more than 30 changes a second is redrawn once a second. */
  #tooSoon(now: number): number {
    if (this.#writeNow || !this.#calm.matches || this.#rate() <= 30) return 0;
    return Math.max(0, 1000 - (now - this.#written));
  }

  #rate(): number {
    return this.store.status?.ticksPerSecond ?? 0;
  }

  /** State changes appear at once, fully: the style sheet and the charts' palette follow the root's attribute. */
  #appear(state: PageState): void {
    if (state.kind === this.#kind) return;
    this.#kind = state.kind;
    document.documentElement.dataset.state = state.kind;
    this.theme.apply();
    this.#writeNow = true;
  }

  #drawKey(s: Snapshot): string {
    const { store } = s;
    return `${s.end} ${s.hover} ${s.explained.at} ${s.explained.known} ${this.asking.version} ${this.#sizes} ${s.palette.version} ${store.alerts.marks.length} ${store.alerts.begun} ${store.hello?.version}`;
  }

  #snapshot(state: PageState, now: number, write: boolean): Snapshot | null {
    const { store } = this;
    const { series } = store;
    if (!series || series.end === 0 || !store.hello) return null;
    this.asking.settle();
    if (series !== this.#series) this.#begin(series);
    if (store.backfills !== this.#backfills) {
      this.#backfills = store.backfills;
      this.#rescales++;
    }
    const warming = (series.flags[series.slot(series.end - 1)]! & TickFlag.history) !== 0;
    if (this.#warming && !warming) this.#rescales++;
    this.#warming = warming;
    const end = Math.min(this.#end(), series.end);
    if (write || !this.#target) this.#measure(end);
    const newest = this.paused ? series.explainedAt(end - 1) : series.explainedAt(series.end - 1);
    if (newest >= 0) this.#newest.load(series, newest);
    const hover = this.#hover !== null && this.#hover < end ? this.#hover : null;
    const first = end - this.geometry.count;
    if (end !== this.#labelled.end || first !== this.#labelled.first) {
      const { count, pitch } = this.geometry;
      this.#labelled = { end, first, labels: timeLabels(series, first, end, count * pitch) };
    }
    return {
      store,
      series,
      link: this.connection.link,
      state,
      palette: this.theme.palette,
      geometry: this.geometry,
      end,
      first,
      labels: this.#labelled.labels,
      hover,
      selected: this.#selected?.at ?? null,
      focus: hover ?? end - 1,
      newest: this.#newest,
      explained: this.#selected ?? this.#newest,
      method: this.asking.method,
      question: this.asking.question,
      target: this.#target!,
      features: this.#features,
      paused: this.paused,
      now,
    };
  }

  /** Another series (the first one, or another stream's): nothing of the one before holds. */
  #begin(series: Series): void {
    this.#series = series;
    document.documentElement.dataset.filled = '';
    this.#newest = new Explained();
    this.#selected = null;
    this.asking.choose(null);
    this.asking.follow(null);
    this.#hover = null;
    this.#pausedAt = null;
    this.#target = null;
    this.#features = [];
    this.#rescales++;
    this.#labelled.end = -1;
  }

  /** Skill, and the decimals that it and the inputs' spread call for. */
  #measure(end: number): void {
    const { store } = this;
    const series = store.series!;
    this.skill = skill(series, end, store.hello!.horizon);
    this.coverage = coverage(series, end);
    const { target } = store;
    const error = this.skill ? this.skill.model * Math.abs(target.scale) : Number.NaN;
    this.#target = quantity(target, error, this.#target);
    for (let f = 0; f < series.features; f++) {
      const display = store.feature(f);
      const spread = spreadOf(series, f, end) * Math.abs(display.scale);
      this.#features[f] = quantity(display, spread, this.#features[f] ?? null);
    }
    this.#features.length = series.features;
  }
}

function quantity(display: Display, spread: number, before: Quantity | null): Quantity {
  const previous = before && before.name === display.name ? before.decimals : null;
  const { name, label, unit, scale } = display;
  return { name, label, unit, scale, decimals: decimalsFor(spread, previous) };
}
