/** Who has a network when: order and company, told by what has begun and not by the clock. */
import { describe, expect, it } from 'vitest';
import { Turns } from '../../src/translate/turns.js';

/** Work that says when it begins, and ends when it is told to. */
class Works {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, () => void>();

  work(name: string) {
    return (hasCompany?: boolean) => {
      this.begun.push(hasCompany ? `${name} in a lane` : name);
      return new Promise<void>(resolve => this.#ends.set(name, resolve));
    };
  }

  end(name: string): void {
    this.#ends.get(name)!();
  }
}

/** Whatever follows from what has happened so far has happened. */
const settled = () => new Promise(resolve => setImmediate(resolve));

function turnsOf(lanes: number) {
  const [turns, works] = [new Turns(lanes), new Works()];
  const running = new Map<string, Promise<void>>();
  return {
    turns,
    begun: async () => {
      await settled();
      return works.begun;
    },
    alone: (name: string) => void running.set(name, turns.alone(works.work(name))),
    beside: (name: string) => void running.set(name, turns.beside(works.work(name))),
    end: async (name: string) => {
      await settled();
      works.end(name);
      await running.get(name);
    },
  };
}

describe('turns in a network', () => {
  it('come one after the other, in their order', async () => {
    const { alone, end, begun } = turnsOf(2);
    for (const name of ['a', 'b', 'c']) alone(name);
    expect(await begun()).toEqual(['a']);
    await end('a');
    expect(await begun()).toEqual(['a', 'b']);
  });

  it('give all of it to work for a lane that meets nobody, and lanes to what waits meanwhile', async () => {
    const { beside, end, begun } = turnsOf(2);
    for (const name of ['a', 'b', 'c', 'd']) beside(name);
    expect(await begun()).toEqual(['a']);
    await end('a');
    expect(await begun()).toEqual(['a', 'b in a lane', 'c in a lane']);
    await end('c');
    expect(await begun()).toEqual(['a', 'b in a lane', 'c in a lane', 'd in a lane']);
  });

  it('let work that needs all of it neither begin beside others nor be passed by later work', async () => {
    const { alone, beside, end, begun } = turnsOf(2);
    alone('first');
    for (const name of ['a', 'b']) beside(name);
    alone('all');
    beside('late');
    await end('first');
    expect(await begun()).toEqual(['first', 'a in a lane', 'b in a lane']);
    await end('b');
    expect(await begun()).toHaveLength(3);
    await end('a');
    expect((await begun()).at(-1)).toBe('all');
    await end('all');
    expect((await begun()).at(-1)).toBe('late');
  });

  it('have no lanes where there is one', async () => {
    const { beside, end, begun } = turnsOf(1);
    for (const name of ['a', 'b', 'c']) beside(name);
    expect(await begun()).toEqual(['a']);
    await end('a');
    expect(await begun()).toEqual(['a', 'b']);
  });

  it('go on after work that failed, and end with what their beginning threw', async () => {
    let isClosed = false;
    const turns = new Turns(2, () => {
      if (isClosed) throw new Error('closed');
    });
    const [failed, next] = [turns.alone(() => Promise.reject(new Error('broken'))), turns.beside(async () => 'done')];
    await expect(failed).rejects.toThrow('broken');
    await expect(next).resolves.toBe('done');
    isClosed = true;
    await expect(turns.alone(async () => 'done')).rejects.toThrow('closed');
  });

  it('are idle when whatever has come has had its turn', async () => {
    const { turns, beside, alone, end } = turnsOf(2);
    await turns.idle();
    for (const name of ['a', 'b', 'c']) beside(name);
    alone('d');
    let isIdle = false;
    const idle = turns.idle().then(() => {
      isIdle = true;
    });
    for (const name of ['a', 'b', 'c']) await end(name);
    await settled();
    expect(isIdle).toBe(false);
    await end('d');
    await idle;
  });
});
