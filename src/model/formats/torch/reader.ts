import { Cursor, decodeText } from '../cursor.ts';

/** What a pickle has beside plain little-endian fields. */
export class PickleReader extends Cursor {
  i32(): number {
    return this.u32() | 0;
  }

  /** Big endian, the one number in a pickle that is. */
  f64(): number {
    const { buffer, byteOffset } = this.take(8);
    return new DataView(buffer, byteOffset, 8).getFloat64(0);
  }

  /** Two's complement of up to 8 bytes, of none 0; beyond 2^53 it is rounded. */
  signed(size: number): number {
    let value = 0n;
    for (const [i, byte] of this.take(size).entries()) value |= BigInt(byte) << BigInt(8 * i);
    return Number(BigInt.asIntN(8 * size, value));
  }

  text(size: number): string {
    return decodeText(this.take(size), this.path);
  }

  /** The text up to the next line feed, which is passed over. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    const text = this.text(end < 0 ? this.left : end - this.at);
    this.advance(1);
    return text;
  }
}
