import { describe, expect, it } from 'vitest';
import { findMethod, methodOptions, methods } from '../../src/methods/index.ts';

describe('the registry of methods', () => {
  it('is alphabetical and found by name', () => {
    const names = methods.map(({ name }) => name);
    expect(names).toEqual([...names].sort());
    for (const method of methods) expect(findMethod(method.name)).toBe(method);
    expect(() => findMethod('guess')).toThrow(`invalid --method: 'guess' (expected one of ${names.join(', ')})`);
  });

  it('gives every option, with its default unless asked otherwise', () => {
    const method = findMethod('rolling-occlusion');
    expect(methodOptions(method, {})).toEqual({ eps: 0 });
    expect(methodOptions(method, { eps: '1e-6' })).toEqual({ eps: 1e-6 });
    expect(() => methodOptions(method, { eps: 'small' })).toThrow(
      /^invalid --option eps: 'small' \(expected a number\)/,
    );
    expect(() => methodOptions(method, { steps: '3' })).toThrow(
      /^invalid --option steps: '3' \(expected one of rolling-occlusion's options eps\)/,
    );
  });
});
