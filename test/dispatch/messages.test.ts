import { describe, expect, it } from 'vitest';
import {
  modelOf,
  parseJobMessage,
  parseJobReply,
  parseWorkerRecord,
  withAnyModel,
} from '../../src/dispatch/messages.js';

const message = {
  ...{ job: 'job-1', token: 'token-1', path: 'a/b.png', translation: { key: 'p/q', version: 'v' } },
  ...{ identity: '1:2:3', mayGrow: false, alone: false, timeoutMs: 1000 },
};

describe('messages', () => {
  it.each(['../b.png', '/etc/passwd', 'a/../../b.png', 'a\\b.png', 'a//b.png', ''])(
    'with a path that leads elsewhere are refused: %s',
    path => {
      expect(() => parseJobMessage({ ...message, path })).toThrow(expect.objectContaining({ code: 'PROTOCOL' }));
    },
  );

  it.each(['../x', 'a/b', 'a.b', ''])('with a token that is no name are refused: %s', token => {
    expect(() => parseJobMessage({ ...message, token })).toThrow(expect.objectContaining({ code: 'PROTOCOL' }));
  });

  it('go through as they are where nothing is amiss', () => {
    expect(parseJobMessage(message)).toEqual(message);
  });

  it('with a result that would be named elsewhere are refused', () => {
    const times = { decodeMs: 0, loadMs: 0, translateMs: 0, encodeMs: 0 };
    const report = { name: '../../etc/cron.d/x', width: 1, height: 1, bytes: 1, tiles: 1, ...times };
    expect(() => parseJobReply({ kind: 'done', report, accompanied: false })).toThrow(
      expect.objectContaining({ code: 'PROTOCOL' }),
    );
  });

  it('that are no JSON are refused', () => {
    expect(() => parseWorkerRecord('{')).toThrow(expect.objectContaining({ code: 'PROTOCOL' }));
  });

  it.each([
    ['HASH', '*'],
    ['HASH@512#a|b', '*@512#a|b'],
    ['HASH^thumbnail@512', '*^thumbnail@512'],
    ['HASH~{"format":"png"}', '*~{"format":"png"}'],
    ['HASH#a|b~{"format":"png"}', '*#a|b~{"format":"png"}'],
  ])('name the model of a translation without scale, tiles, plugins and format: %s', (version, any) => {
    expect(modelOf({ key: 'p/q', version })).toBe('HASH');
    expect(withAnyModel({ key: 'p/q', version })).toEqual({ key: 'p/q', version: any });
  });
});
