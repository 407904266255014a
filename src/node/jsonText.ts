/** JSON on one line; numbers of typed arrays as lists, shown in full. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, plain);
}

function plain(_key: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as Float32Array) : value;
}
