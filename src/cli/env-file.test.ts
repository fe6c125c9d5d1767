import { readsEnvFile } from './env-file';

it.each(['dev', 'demo', 'api', 'worker', 'migrate'])('%s reads .env', (command) => {
  expect(readsEnvFile([command, '--help'])).toBe(true);
});

it.each([
  ['automations'],
  ['runs', 'api'],
  ['apply', 'dev'],
  ['validate', 'worker'],
  ['secret', 'set', 'migrate'],
  ['test', 'demo'],
  ['--json', 'runs', 'dev'],
  ['--version'],
])('%s %s does not read .env', (...argv) => {
  expect(readsEnvFile(argv.filter((argument) => argument !== undefined))).toBe(false);
});
