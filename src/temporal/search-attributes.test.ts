import type { ConnectionLike } from '@temporalio/client';
import { createLogger } from '../log';
import { searchAttributesUsable } from './search-attributes';

const log = createLogger({ level: 'silent', name: 'test' });
/** A server like Temporal Cloud, whose operator service refuses Fermata's calls. */
const cloud = {
  operatorService: {
    listSearchAttributes: () => Promise.reject(new Error('7 PERMISSION_DENIED: Request unauthorized.')),
  },
} as unknown as ConnectionLike;

test('runs start without search attributes if these cannot be registered', async () => {
  await expect(searchAttributesUsable(cloud, { namespace: 'n', searchAttributes: 'register' }, log)).resolves.toBe(
    false,
  );
});

test('search attributes that the operator has registered are used without a request to the server', async () => {
  await expect(searchAttributesUsable(cloud, { namespace: 'n', searchAttributes: 'registered' }, log)).resolves.toBe(
    true,
  );
});
