import { invalid, ModelError } from '../../../errors.ts';
import { LIST, Machine, SET } from './machine.ts';
import type { Value } from './values.ts';

/*
 * A pickle is a program for a machine with a stack. Python's own machine imports and calls whatever the program names; this
 * one knows the few names in `globals.ts` and the operations that containers of tensors need, and refuses everything else.
 * Protocols 2 to 5 (torch.save writes 2). Nothing recurses, and what is kept is bounded.
 */

/** That of a state dict has about a hundred bytes a tensor. */
const MAX_BYTES = 0x100_0000;

const PROTO = 0x80;
const STOP = 0x2e;

/**
 * What a pickle holds.
 * @param path the file and the pickle in it, for messages
 * @throws ModelError naming what it must not use, or the byte at which it is damaged
 */
export function unpickle(bytes: Uint8Array, path: string): Value {
  if (bytes.length > MAX_BYTES) {
    throw new ModelError(invalid(path, `${bytes.length} bytes`, `at most ${MAX_BYTES} bytes of a state dict`));
  }
  const machine: Machine = new Machine(bytes, path);
  for (;;) {
    machine.at = machine.code.at;
    const code = machine.code.u8();
    if (machine.at === 0 && code !== PROTO) machine.refuse(hex(code), 'a pickle of protocol 2 to 5');
    if (code === STOP) return machine.stop();
    const operation = operations.get(code);
    if (!operation) machine.refuse(refused.get(code) ?? hex(code), 'the operations of a state dict');
    operation(machine);
  }
}

function hex(code: number): string {
  return `operation 0x${code.toString(16).padStart(2, '0')}`;
}

/** By opcode, under the names of Python's pickletools. */
const operations = new Map<number, (m: Machine) => void>([
  // PROTO, FRAME
  [PROTO, (m) => m.protocol()],
  [0x95, (m) => m.frame()],
  // MARK, POP, POP_MARK, DUP
  [0x28, (m) => m.mark()],
  [0x30, (m) => m.drop()],
  [0x31, (m) => void m.popMark()],
  [0x32, (m) => m.push(m.top())],
  // NONE, NEWTRUE, NEWFALSE
  [0x4e, (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  // BININT, BININT1, BININT2, LONG1, LONG4, BINFLOAT
  [0x4a, (m) => m.push(m.code.i32())],
  [0x4b, (m) => m.push(m.code.u8())],
  [0x4d, (m) => m.push(m.code.u16())],
  [0x8a, (m) => m.integer(m.code.u8())],
  [0x8b, (m) => m.integer(m.code.u32())],
  [0x47, (m) => m.push(m.code.f64())],
  // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8
  [0x8c, (m) => m.push(m.code.text(m.code.u8()))],
  [0x58, (m) => m.push(m.code.text(m.code.u32()))],
  [0x8d, (m) => m.push(m.code.text(m.code.u64()))],
  // SHORT_BINBYTES, BINBYTES, BINBYTES8, BYTEARRAY8
  [0x43, (m) => m.bytes(m.code.u8())],
  [0x42, (m) => m.bytes(m.code.u32())],
  [0x8e, (m) => m.bytes(m.code.u64())],
  [0x96, (m) => m.bytes(m.code.u64())],
  // EMPTY_TUPLE, TUPLE, TUPLE1, TUPLE2, TUPLE3
  [0x29, (m) => m.tuple([])],
  [0x74, (m) => m.tuple(m.popMark())],
  [0x85, (m) => m.tuple(m.popMany(1))],
  [0x86, (m) => m.tuple(m.popMany(2))],
  [0x87, (m) => m.tuple(m.popMany(3))],
  // EMPTY_LIST, LIST, APPEND, APPENDS
  [0x5d, (m) => m.push(LIST)],
  [0x6c, (m) => m.newOpaque(LIST)],
  [0x61, (m) => m.addItem()],
  [0x65, (m) => m.addItems(LIST)],
  // EMPTY_SET, FROZENSET, ADDITEMS
  [0x8f, (m) => m.push(SET)],
  [0x91, (m) => m.newOpaque(SET)],
  [0x90, (m) => m.addItems(SET)],
  // EMPTY_DICT, DICT, SETITEM, SETITEMS
  [0x7d, (m) => m.dict([])],
  [0x64, (m) => m.dict(m.popMark())],
  [0x73, (m) => m.setItems(m.popMany(2))],
  [0x75, (m) => m.setItems(m.popMark())],
  // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
  [0x71, (m) => m.remember(m.code.u8())],
  [0x72, (m) => m.remember(m.code.u32())],
  [0x94, (m) => m.remember()],
  [0x68, (m) => m.recall(m.code.u8())],
  [0x6a, (m) => m.recall(m.code.u32())],
  // GLOBAL, STACK_GLOBAL, INST
  [0x63, (m) => m.global(m.code.line(), m.code.line())],
  [0x93, (m) => m.global(...(m.popMany(2) as [Value, Value]))],
  [0x69, (m) => m.instance()],
  // REDUCE, NEWOBJ, BUILD, BINPERSID
  [0x52, (m) => m.call()],
  [0x81, (m) => m.make()],
  [0x62, (m) => m.build()],
  [0x51, (m) => m.persistent()],
]);

/** Operations that are refused by name; the rest are numbers only. */
const refused = new Map<number, string>([
  [0x6f, 'OBJ'],
  [0x82, 'EXT1'],
  [0x83, 'EXT2'],
  [0x84, 'EXT4'],
  [0x92, 'NEWOBJ_EX'],
  [0x97, 'NEXT_BUFFER'],
  [0x98, 'READONLY_BUFFER'],
  [0x49, 'INT'],
  [0x4c, 'LONG'],
  [0x46, 'FLOAT'],
  [0x53, 'STRING'],
  [0x54, 'BINSTRING'],
  [0x55, 'SHORT_BINSTRING'],
  [0x56, 'UNICODE'],
  [0x50, 'PERSID'],
  [0x67, 'GET'],
  [0x70, 'PUT'],
]);
