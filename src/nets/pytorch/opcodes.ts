/**
 * Every pickle opcode, protocols 0 to 5, and what it does here. The codes are Python's (Lib/pickletools.py).
 */
import type { PickleMachine } from './pickle-machine.js';
import { PickleDict, PickleTuple } from './pickle-values.js';

/** Ends a pickle; the result is on top of the stack. */
export const stop = 0x2e;

export const opcodes: ReadonlyMap<number, (machine: PickleMachine) => void> = new Map([
  opcode(0x80, 'PROTO', ({ bytes }) => bytes.take(1)),
  opcode(0x95, 'FRAME', ({ bytes }) => bytes.take(8)),

  opcode(0x4e, 'NONE', machine => machine.push(null)),
  opcode(0x88, 'NEWTRUE', machine => machine.push(true)),
  opcode(0x89, 'NEWFALSE', machine => machine.push(false)),
  opcode(0x49, 'INT', machine => machine.push(machine.bytes.integerLine())),
  opcode(0x4c, 'LONG', machine => machine.push(machine.bytes.integerLine())),
  opcode(0x46, 'FLOAT', machine => machine.push(machine.bytes.numberLine())),
  opcode(0x4a, 'BININT', machine => machine.push(machine.bytes.take(4).readInt32LE())),
  opcode(0x4b, 'BININT1', machine => machine.push(machine.bytes.byte())),
  opcode(0x4d, 'BININT2', machine => machine.push(machine.bytes.unsigned(2))),
  opcode(0x8a, 'LONG1', machine => machine.push(machine.bytes.integer(machine.bytes.byte()))),
  opcode(0x8b, 'LONG4', machine => machine.push(machine.bytes.integer(machine.bytes.take(4).readInt32LE()))),
  opcode(0x47, 'BINFLOAT', machine => machine.push(machine.bytes.take(8).readDoubleBE())),

  opcode(0x53, 'STRING', machine => machine.push(machine.bytes.quotedLine())),
  opcode(0x56, 'UNICODE', machine => machine.push(machine.bytes.line())),
  opcode(0x54, 'BINSTRING', machine => machine.push(machine.bytes.sized(4).toString('latin1'))),
  opcode(0x55, 'SHORT_BINSTRING', machine => machine.push(machine.bytes.sized(1).toString('latin1'))),
  opcode(0x58, 'BINUNICODE', machine => machine.push(machine.bytes.sized(4).toString('utf8'))),
  opcode(0x8c, 'SHORT_BINUNICODE', machine => machine.push(machine.bytes.sized(1).toString('utf8'))),
  opcode(0x8d, 'BINUNICODE8', machine => machine.push(machine.bytes.sized(8).toString('utf8'))),
  opcode(0x42, 'BINBYTES', machine => machine.push(machine.bytes.sized(4))),
  opcode(0x43, 'SHORT_BINBYTES', machine => machine.push(machine.bytes.sized(1))),
  opcode(0x8e, 'BINBYTES8', machine => machine.push(machine.bytes.sized(8))),
  opcode(0x96, 'BYTEARRAY8', machine => machine.push(machine.bytes.sized(8))),

  opcode(0x28, 'MARK', machine => machine.mark()),
  opcode(0x5d, 'EMPTY_LIST', machine => machine.push([])),
  opcode(0x6c, 'LIST', machine => machine.push(machine.popToMark())),
  opcode(0x61, 'APPEND', machine => machine.append(machine.popSome(1))),
  opcode(0x65, 'APPENDS', machine => machine.append(machine.popToMark())),
  opcode(0x29, 'EMPTY_TUPLE', machine => machine.push(new PickleTuple([]))),
  opcode(0x74, 'TUPLE', machine => machine.push(new PickleTuple(machine.popToMark()))),
  opcode(0x85, 'TUPLE1', machine => machine.push(new PickleTuple(machine.popSome(1)))),
  opcode(0x86, 'TUPLE2', machine => machine.push(new PickleTuple(machine.popSome(2)))),
  opcode(0x87, 'TUPLE3', machine => machine.push(new PickleTuple(machine.popSome(3)))),
  opcode(0x7d, 'EMPTY_DICT', machine => machine.push(new PickleDict())),
  opcode(0x64, 'DICT', pushDict),
  opcode(0x73, 'SETITEM', machine => machine.setItems(machine.popSome(2))),
  opcode(0x75, 'SETITEMS', machine => machine.setItems(machine.popToMark())),

  opcode(0x30, 'POP', machine => machine.discard()),
  opcode(0x31, 'POP_MARK', machine => machine.popToMark()),
  opcode(0x32, 'DUP', machine => machine.duplicate()),
  opcode(0x67, 'GET', machine => machine.recall(Number(machine.bytes.integerLine()))),
  opcode(0x68, 'BINGET', machine => machine.recall(machine.bytes.byte())),
  opcode(0x6a, 'LONG_BINGET', machine => machine.recall(machine.bytes.unsigned(4))),
  opcode(0x70, 'PUT', machine => machine.memorise(Number(machine.bytes.integerLine()))),
  opcode(0x71, 'BINPUT', machine => machine.memorise(machine.bytes.byte())),
  opcode(0x72, 'LONG_BINPUT', machine => machine.memorise(machine.bytes.unsigned(4))),
  opcode(0x94, 'MEMOIZE', machine => machine.memorise()),

  opcode(0x63, 'GLOBAL', machine => machine.pushGlobal(machine.bytes.line(), machine.bytes.line())),
  opcode(0x93, 'STACK_GLOBAL', pushStackGlobal),
  opcode(0x52, 'REDUCE', machine => machine.call()),
  opcode(0x62, 'BUILD', machine => machine.setState()),
  opcode(0x51, 'BINPERSID', machine => machine.pushStorage(machine.pop())),
  opcode(0x50, 'PERSID', machine => machine.pushStorage(machine.bytes.line())),

  opcode(0x69, 'INST', machine => {
    machine.refuseInstance('INST', `${machine.bytes.line()}.${machine.bytes.line()}`);
  }),
  opcode(0x6f, 'OBJ', machine => machine.refuseInstance('OBJ', machine.popToMark()[0])),
  opcode(0x81, 'NEWOBJ', machine => machine.refuseInstance('NEWOBJ', machine.popSome(2)[0])),
  opcode(0x92, 'NEWOBJ_EX', machine => machine.refuseInstance('NEWOBJ_EX', machine.popSome(3)[0])),
  opcode(0x82, 'EXT1', refuse('an object of the extension registry (EXT1)')),
  opcode(0x83, 'EXT2', refuse('an object of the extension registry (EXT2)')),
  opcode(0x84, 'EXT4', refuse('an object of the extension registry (EXT4)')),
  opcode(0x8f, 'EMPTY_SET', refuse('a set (EMPTY_SET)')),
  opcode(0x90, 'ADDITEMS', refuse('a set (ADDITEMS)')),
  opcode(0x91, 'FROZENSET', refuse('a set (FROZENSET)')),
  opcode(0x97, 'NEXT_BUFFER', refuse('a buffer outside the file (NEXT_BUFFER)')),
  opcode(0x98, 'READONLY_BUFFER', refuse('a buffer outside the file (READONLY_BUFFER)')),
]);

/** The name is Python's and serves the reader. */
function opcode(code: number, _name: string, run: (machine: PickleMachine) => unknown) {
  return [code, run as (machine: PickleMachine) => void] as const;
}

function pushDict(machine: PickleMachine): void {
  const items = machine.popToMark();
  machine.push(new PickleDict());
  machine.setItems(items);
}

function pushStackGlobal(machine: PickleMachine): void {
  const [module, name] = machine.popSome(2);
  machine.pushGlobal(module, name);
}

function refuse(what: string) {
  return ({ errors }: PickleMachine) => {
    throw errors.unsafe(what);
  };
}
