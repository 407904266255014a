import { invalid, ModelError } from '../../errors.ts';

/** Reads one field of a layer in a native file. */
export type Field = (fields: Fields, key: string) => unknown;

/** JSON of a model file that nobody vouches for, read field by field; every error names the path of the field. */
export class Fields {
  readonly path: string;
  readonly #object: Record<string, unknown>;

  /** @throws ModelError if `value` is no JSON object */
  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ModelError(invalid(path, value, 'a JSON object'));
    }
    this.path = path;
    this.#object = value as Record<string, unknown>;
  }

  /** Parses JSON text, which must hold an object. */
  static parse(text: string, path: string): Fields {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new ModelError(invalid(path, text, 'JSON'), { cause });
    }
    return new Fields(value, path);
  }

  /** The field as it is; undefined where the object has none of its own. */
  raw(key: string): unknown {
    return Object.hasOwn(this.#object, key) ? this.#object[key] : undefined;
  }

  /** True where the field is absent or null. */
  missing(key: string): boolean {
    return (this.raw(key) ?? null) === null;
  }

  object(key: string): Fields {
    return new Fields(this.raw(key), this.at(key));
  }

  /** A list, each item read by `read` under its own path. */
  list<T>(key: string, read: (value: unknown, path: string, i: number) => T): T[] {
    const value = this.raw(key);
    if (!Array.isArray(value)) throw this.wrong(key, 'a list');
    return value.map((item, i) => read(item, `${this.at(key)}[${i}]`, i));
  }

  text(key: string): string {
    const value = this.raw(key);
    if (typeof value !== 'string') throw this.wrong(key, 'a text');
    return value;
  }

  texts(key: string): string[] {
    return this.list(key, (value, path) => {
      if (typeof value !== 'string') throw new ModelError(invalid(path, value, 'a text'));
      return value;
    });
  }

  flag(key: string, otherwise?: boolean): boolean {
    const value = this.raw(key) ?? otherwise;
    if (typeof value !== 'boolean') throw this.wrong(key, 'true or false');
    return value;
  }

  number(key: string): number {
    const value = this.raw(key);
    if (typeof value !== 'number') throw this.wrong(key, 'a number');
    return value;
  }

  integer(key: string, least: number): number {
    const value = this.raw(key);
    if (!Number.isSafeInteger(value) || (value as number) < least)
      throw this.wrong(key, `a whole number from ${least} on`);
    return value as number;
  }

  oneOf<T extends string>(key: string, choices: readonly T[]): T {
    const value = this.raw(key);
    if (!choices.includes(value as T)) throw this.wrong(key, `one of ${choices.join(', ')}`);
    return value as T;
  }

  /** The error for a field that holds something else than expected. */
  wrong(key: string, expected: string): ModelError {
    return new ModelError(invalid(this.at(key), this.raw(key), expected));
  }

  at(key: string): string {
    return `${this.path}.${key}`;
  }
}

export const flag: Field = (fields, key) => fields.flag(key);
export const number: Field = (fields, key) => fields.number(key);
export const text: Field = (fields, key) => fields.text(key);
export const whole =
  (least: number): Field =>
  (fields, key) =>
    fields.integer(key, least);
export const wholes =
  (least: number): Field =>
  (fields, key) =>
    fields.list(key, (value, path) => {
      if (Number.isSafeInteger(value) && (value as number) >= least) return value;
      throw new ModelError(invalid(path, value, `a whole number from ${least} on`));
    });
export const oneOf =
  (choices: readonly string[]): Field =>
  (fields, key) =>
    fields.oneOf(key, choices);
/** A field that may be absent. */
export const optional =
  (field: Field): Field =>
  (fields, key) =>
    fields.missing(key) ? undefined : field(fields, key);
