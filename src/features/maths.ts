/**
 * The functions whose bits differ between JavaScript engines, as the kernels compute them (float64, the same everywhere).
 * Whatever ends in a recorded value takes them from here, never from `Math`.
 */
export interface MathFunctions {
  exp(x: number): number;
  expm1(x: number): number;
  log(x: number): number;
  log1p(x: number): number;
  sin(x: number): number;
  cos(x: number): number;
  tanh(x: number): number;
  pow(x: number, y: number): number;
}
