/**
 * What pickle opcodes work on: the bytes, a stack with marks, the memo. It can hold and build nothing but the values
 * of pickle-values.ts, and never grows faster than its input.
 */
import { callGlobal, findGlobal, isPickleKey, storageOf } from './allowed-globals.js';
import type { ByteReader } from './byte-reader.js';
import type { FileErrors } from './file-error.js';
import { AllowedGlobal, PickleDict, PickleTuple, type PickleValue } from './pickle-values.js';

export class PickleMachine {
  readonly #stack: PickleValue[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #copied = 0;

  constructor(readonly bytes: ByteReader) {}

  get errors(): FileErrors {
    return this.bytes.errors;
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pop(): PickleValue {
    return this.popSome(1)[0]!;
  }

  popSome(count: number): PickleValue[] {
    if (this.#stack.length - count < this.#floor()) throw this.#missing();
    return this.#stack.splice(-count, count);
  }

  /** POP: takes a mark away when nothing lies above it. */
  discard(): void {
    if (this.#marks.length > 0 && this.#stack.length === this.#floor()) this.#marks.pop();
    else this.pop();
  }

  duplicate(): void {
    this.push(this.#top());
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  popToMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.errors.unreadable('it goes back to a mark that is not there');
    return this.#stack.splice(mark);
  }

  memorise(index: number = this.#memo.size): void {
    this.#memo.set(index, this.#top());
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.errors.unreadable(`it recalls ${index}, which it has not memorised`);
    this.push(value);
  }

  append(items: readonly PickleValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.errors.unreadable('it appends to something that is no list');
    for (const item of items) list.push(item);
  }

  /** @param items keys and values in turn. */
  setItems(items: readonly PickleValue[]): void {
    const dict = this.#top();
    if (!(dict instanceof PickleDict))
      throw this.errors.unreadable('it sets an item of something that is no dictionary');
    if (items.length % 2 !== 0) throw this.errors.unreadable('it sets a key without a value');
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i]!;
      if (!isPickleKey(key)) throw this.errors.unreadable('a dictionary has a key that is neither text nor number');
      dict.entries.set(key, items[i + 1]!);
    }
  }

  pushGlobal(module: PickleValue | undefined, name: PickleValue | undefined): void {
    const named = typeof module === 'string' && typeof name === 'string';
    if (!named) throw this.errors.unreadable('the name of a global is no text');
    this.push(findGlobal(module, name, this.errors));
  }

  pushStorage(id: PickleValue): void {
    this.push(storageOf(id, this.errors));
  }

  /** REDUCE: describes a tensor or makes a dictionary; see allowed-globals.ts. */
  call(): void {
    const [callee, args] = this.popSome(2);
    if (!(args instanceof PickleTuple)) throw this.errors.unreadable('the arguments of a call are no tuple');
    // A list may be recalled from the memo and copied again and again: no honest file copies more than it holds.
    for (const arg of args.items) this.#copied += Array.isArray(arg) ? arg.length : 0;
    if (this.#copied > this.bytes.size) throw this.errors.unreadable('it copies more than it holds');
    this.push(callGlobal(callee!, args.items, this.errors));
  }

  /** BUILD: a dictionary's state (PyTorch keeps versions of layers there) is dropped; nothing else may be given one. */
  setState(): void {
    const state = this.pop();
    const target = this.#top();
    if (!(target instanceof PickleDict)) throw this.errors.unsafe(`a change of the state of ${nameOf(target)} (BUILD)`);
    const plain = state === null || state instanceof PickleDict;
    if (!plain) throw this.errors.unsafe('a dictionary with a state that is no dictionary (BUILD)');
  }

  /** An opcode that makes an instance of a class without a call: never allowed. */
  refuseInstance(opcode: string, type: PickleValue | undefined): never {
    throw this.errors.unsafe(`an instance of ${nameOf(type)} (${opcode})`);
  }

  #top(): PickleValue {
    if (this.#stack.length <= this.#floor()) throw this.#missing();
    return this.#stack.at(-1) as PickleValue;
  }

  #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }

  #missing(): Error {
    return this.errors.unreadable('it takes a value that is not there');
  }
}

function nameOf(value: PickleValue | undefined): string {
  if (value instanceof AllowedGlobal) return value.name;
  return typeof value === 'string' ? value : 'an unnamed type';
}
