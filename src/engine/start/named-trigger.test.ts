import type { Definition } from '../../domain/definition/schema';
import { createRegistry } from '../../domain/registry/registry';
import { invalid, triggerNamed } from './named-trigger';

const triggers = [{ id: 'rain', event: 'weather.changed' }] as Definition['triggers'];

test('a request that is not valid is refused with the path of the first finding and the number of the others', () => {
  const finding = (path: string) => ({ path, message: 'expected a number', code: 'invalid_type' });
  expect(invalid([finding('payload.count')]).message).toBe('payload.count: expected a number');
  expect(invalid(['payload.count', 'payload.size'].map(finding)).message).toBe(
    'payload.count: expected a number (and 1 more)',
  );
});

describe('a request that names a trigger', () => {
  it('is refused when the automation has no such trigger', () => {
    expect(() => triggerNamed(createRegistry([]), { triggers }, 'snow')).toThrow(
      'triggerId: Trigger "snow" not found; the automation has: rain',
    );
  });

  it('is refused when this process lacks the plugin of the trigger', () => {
    expect(() => triggerNamed(createRegistry([]), { triggers }, 'rain')).toThrow(
      expect.objectContaining({
        code: 'plugin_missing',
        message: expect.stringContaining('does not have the trigger weather.changed of a plugin') as string,
      }),
    );
  });
});
