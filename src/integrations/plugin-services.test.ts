import { createPluginServices, serviceRef } from './plugin-services';

const start = (...plugins: Parameters<ReturnType<typeof createPluginServices>['start']>[0]) =>
  createPluginServices().start(plugins);

test('a service is created before the services that require it, in any order of plugins', async () => {
  const services = createPluginServices();
  const order: string[] = [];
  const making = (name: string, make: () => unknown) => () => {
    order.push(name);
    return make();
  };
  const directory = serviceRef<{ ownerOf(system: string): string }>('people.directory');
  await services.start([
    {
      id: 'chat',
      requires: [directory],
      provides: { rooms: making('rooms', () => services.get('chat', directory.id)) },
    },
    { id: 'people', provides: { directory: making('directory', () => Promise.resolve({ ownerOf: () => 'ada' })) } },
    { id: 'pages', requires: ['chat.rooms', 'people.directory'] },
  ]);
  expect(order).toEqual(['directory', 'rooms']);
  expect(services.get('pages', 'chat.rooms')).toBe(services.get('pages', 'people.directory'));
});

test.each([
  [
    'that is missing',
    [
      { id: 'chat', requires: ['people.directory'] },
      { id: 'people', provides: { book: () => ({}) } },
    ],
    'The plugin "chat" requires the service "people.directory", which no plugin provides. Provided by those of FERMATA_PLUGINS: "people.book".',
  ],
  [
    'that is missing when no plugin provides any',
    [{ id: 'chat', requires: ['people.directory'] }],
    'The plugin "chat" requires the service "people.directory", which no plugin provides. No plugin of FERMATA_PLUGINS provides any.',
  ],
  [
    'in a cycle',
    [
      { id: 'outside', requires: ['a.x'] },
      { id: 'a', requires: ['b.y'], provides: { x: () => ({}) } },
      { id: 'b', requires: ['a.x'], provides: { y: () => ({}) } },
    ],
    'Plugins require services of each other in a cycle: "a" requires "b.y", "b" requires "a.x"',
  ],
  [
    'that its own plugin requires',
    [{ id: 'a', requires: ['a.x'], provides: { x: () => ({}) } }],
    'Plugins require services of each other in a cycle: "a" requires "a.x"',
  ],
  [
    'that throws',
    [{ id: 'a', provides: { x: () => Promise.reject(new Error('no such file')) } }],
    'The service "a.x" could not be created: no such file',
  ],
  [
    'that is undefined',
    [{ id: 'a', provides: { x: () => undefined } }],
    'The service "a.x" could not be created: its function returned undefined',
  ],
  [
    'that is not made by a function',
    [{ id: 'a', provides: { x: {} as () => unknown } }],
    'The service "a.x" must be a function that creates it',
  ],
])('a service %s makes the start fail', async (_, plugins, message) => {
  await expect(start(...plugins)).rejects.toThrow(message);
});

test('getService refuses services that are not declared, and calls before the start', async () => {
  const services = createPluginServices();
  expect(() => services.get('chat', 'people.directory')).toThrow('before services are available');
  await services.start([{ id: 'people', provides: { directory: () => ({}) } }, { id: 'chat' }]);
  expect(() => services.get('chat', 'people.directory')).toThrow(
    'The plugin "chat" uses the service "people.directory", which is not in its "requires"',
  );
});
