/** The part of jsfive (a pure JavaScript HDF5 reader, which ships no types) that the Keras reader uses. */
declare module 'jsfive' {
  export class Group {
    readonly keys: string[];
    get(path: string): Group | Dataset | null;
  }
  export class File extends Group {
    constructor(bytes: ArrayBuffer, name?: string);
  }
  export class Dataset {
    readonly shape: number[];
    readonly dtype: unknown;
    /** All values, row-major, read anew on every access. */
    readonly value: unknown[];
  }
}
