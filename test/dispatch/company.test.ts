import { describe, expect, it } from 'vitest';
import { Company, type Stay } from '../../src/dispatch/company.js';

const never = new AbortController().signal;
const enter = async (company: Company, alone = false) => (await company.enter(alone, never)) as Stay;

/** Whether it is inside by now; what resolves has resolved after a turn. */
async function isInside(entering: Promise<unknown>): Promise<boolean> {
  let inside = false;
  void entering.then(() => {
    inside = true;
  });
  await new Promise(resolve => setImmediate(resolve));
  return inside;
}

describe('company', () => {
  it('lets in as many as there are places for, in turn', async () => {
    const company = new Company(() => 2);
    const first = await enter(company);
    const second = await enter(company);
    const third = enter(company);
    expect(await isInside(third)).toBe(false);
    first.leave();
    await third;
    expect(second.accompanied).toBe(true);
  });

  it('keeps who is to be alone apart from those before and behind', async () => {
    const company = new Company(() => 4);
    const before = await enter(company);
    const alone = enter(company, true);
    const behind = enter(company);
    expect(await isInside(alone)).toBe(false);
    before.leave();
    const stay = await alone;
    expect(await isInside(behind)).toBe(false);
    stay.leave();
    await behind;
    expect(stay.accompanied).toBe(false);
  });

  it('forgets who does not wait any longer', async () => {
    const company = new Company(() => 1);
    const first = await enter(company);
    const impatient = new AbortController();
    const leaving = company.enter(true, impatient.signal);
    const last = enter(company);
    impatient.abort();
    expect(await leaving).toBeUndefined();
    first.leave();
    await last;
  });
});
