/** Every panel of the page: where it lives (an element of index.html) and what makes it, in the order of reading. */
import type { Panel } from '../snapshot.ts';
import type { View } from '../view.ts';
import { alertsPanel } from './alerts.ts';
import { arrivedPanel } from './arrived.ts';
import { askedPanel } from './asked.ts';
import { axisPanel } from './axis.ts';
import { bannerPanel } from './banner.ts';
import { barPanel } from './bar.ts';
import { driftPanel } from './drift.ts';
import { effectsPanel } from './effects.ts';
import { enginePanel } from './engine.ts';
import { featuresPanel } from './features.ts';
import { goingPanel } from './going.ts';
import { lagsPanel } from './lags.ts';
import { nextPanel } from './next.ts';
import { rangePanel } from './range.ts';
import { residualPanel } from './residual.ts';
import { sentencePanel } from './sentence.ts';
import { transportPanel } from './transport.ts';
import { whyPanel } from './why.ts';

export const panels: { host: string; create: (host: HTMLElement, view: View) => Panel }[] = [
  { host: 'banner', create: bannerPanel },
  { host: 'bar', create: barPanel },
  { host: 'next', create: nextPanel },
  { host: 'arrived', create: arrivedPanel },
  { host: 'sentence', create: sentencePanel },
  { host: 'going', create: goingPanel },
  { host: 'alerts', create: alertsPanel },
  { host: 'first-track', create: rangePanel },
  { host: 'tracks', create: residualPanel },
  { host: 'tracks', create: featuresPanel },
  { host: 'tracks', create: lagsPanel },
  { host: 'tracks', create: driftPanel },
  { host: 'tracks', create: axisPanel },
  { host: 'why', create: whyPanel },
  { host: 'asked', create: askedPanel },
  { host: 'effects', create: effectsPanel },
  { host: 'engine', create: enginePanel },
  { host: 'transport', create: transportPanel },
];
