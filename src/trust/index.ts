/** How far an explanation can be trusted. */
export { type Separation, separation, type WhiteBox, whiteBox } from './whiteBox.ts';
