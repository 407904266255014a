/** The demo's series as ticks. */
import { asset } from '../dist/node/assets.js';
import { readData } from '../dist/node/data.js';

const files = { market: 'sp500-2000.csv', weather: 'seattle-weather.csv' };

export async function readRows(name) {
  const { rows } = await readData(asset(`demo/${files[name]}`));
  return rows.map(({ time, values }) => ({ key: '', time, seq: null, values }));
}
