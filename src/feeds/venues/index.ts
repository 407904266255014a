/** Market venues. Adding one is a file and a line here. */
import { binance } from './binance.ts';
import { bitfinex } from './bitfinex.ts';
import { bybit } from './bybit.ts';
import { coinbase, coinbaseAdvanced } from './coinbase.ts';
import { kraken } from './kraken.ts';
import { okx } from './okx.ts';
import type { Venue } from './venue.ts';

export const venues: readonly Venue[] = [binance, coinbase, coinbaseAdvanced, kraken, bitfinex, okx, bybit];

export function findVenue(name: string): Venue | undefined {
  return venues.find((venue) => venue.name === name);
}
