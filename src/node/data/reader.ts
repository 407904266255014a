/** What a cell can hold before anybody knows what its column is for. */
export type Cell = string | number | bigint | boolean | Date | null;

/** A file as its reader gives it: names, and rows of cells in the order of the names. */
export interface Table {
  columns: string[];
  rows: Cell[][];
  /** Where a row stands in the file, for messages: `line 17`. */
  place(row: number): string;
}

/** One kind of data file. */
export interface DataReader {
  name: string;
  /** How its files end, with the dot. */
  endings: readonly string[];
  /** Whether the file's first bytes say that it is of this kind; asked before the ending is looked at. */
  recognises(head: Uint8Array): boolean;
  /**
   * @param bytes the whole file
   * @param file its name, for messages
   * @throws DataError naming file and line
   */
  read(bytes: Uint8Array, file: string): Table | Promise<Table>;
}
