import { z } from 'zod';
import { defineEntity } from '../domain/entities/entity-kind';
import { checkPlugin } from './check-plugin';

const execute = () => Promise.resolve({});
const action = { id: 'post', displayName: 'Post', description: 'Posts.', configSchema: z.object({}), execute };
const trigger = {
  id: 'asked',
  displayName: 'Asked',
  description: 'Asked.',
  category: 'Chat',
  payloadSchema: z.object({}),
};
const type = { id: 'chat', displayName: 'Chat', configSchema: z.object({}), addressFields: [], options: {} };

test('a plugin with all required keys and some unknown ones is accepted', () => {
  const plugin = {
    ...{ id: 'my-chat', triggers: [trigger], future: 1 },
    actions: [
      { ...action, execution: 'transaction' },
      { ...action, id: 'call', execution: 'call', timeoutMs: () => 1 },
    ],
    entityKinds: [defineEntity('room', z.object({}), { description: 'A room' })],
    connectionTypes: [{ ...type, test: () => Promise.resolve('') }],
    ...{ filters: { loud: { description: 'Louder', apply: String } }, requires: ['people.directory', { id: 'a.b' }] },
  };
  expect(() => checkPlugin(plugin)).not.toThrow();
});

test.each([
  ['nothing', undefined, 'its default export is not a plugin'],
  ['an id with a dot', { id: 'my.chat' }, 'id must begin with a letter and have letters'],
  [
    'an action without a schema',
    { actions: [{ ...action, configSchema: {}, execution: 'call', timeoutMs: execute }] },
    'actions[0].configSchema must be a schema, made with the z of fermata/plugin',
  ],
  [
    'an action without a function',
    { actions: [{ ...action, execute: undefined, execution: 'transaction' }] },
    'actions[0].execute must be a function',
  ],
  ['an action without an execution', { actions: [action] }, 'actions[0].execution must be "transaction" or "call"'],
  [
    'a call without a timeout',
    { actions: [{ ...action, execution: 'call' }] },
    'actions[0].timeoutMs must be a function',
  ],
  [
    'a trigger without a category',
    { triggers: [trigger, { ...trigger, category: undefined }] },
    'triggers[1].category must be a string',
  ],
  ['a connection without a test', { connectionTypes: [type] }, 'connectionTypes[0].test must be a function'],
  [
    'a connection without options',
    { connectionTypes: [{ ...type, test: execute, options: undefined }] },
    'connectionTypes[0].options must be an object; {} when nothing can be chosen',
  ],
  ['routes that are not a function', { routes: [] }, 'routes must be a function'],
  ['an action in place of a list', { actions: action }, 'actions must be a list'],
  ['a service that is not a function', { provides: { directory: {} } }, 'provides.directory must be a function'],
  ['a key with a typing mistake', { action: [action] }, 'it has no key "action"; did you mean "actions"?'],
])('%s is refused with its path', (_, plugin, message) => {
  expect(() => checkPlugin(plugin && { id: 'chat', ...plugin })).toThrow(message);
});
