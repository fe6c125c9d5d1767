import type { Definition } from '../../domain/definition/schema';
import { createRegistry } from '../../domain/registry/registry';
import { triggerNamed } from './named-trigger';

const triggers = [{ id: 'rain', event: 'weather.changed' }] as Definition['triggers'];

describe('a request that names a trigger', () => {
  it('is refused when the automation has no such trigger', () => {
    expect(() => triggerNamed(createRegistry([]), { triggers }, 'snow')).toThrow(
      'Trigger "snow" not found; the automation has: rain',
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
