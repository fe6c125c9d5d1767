import { scriptOf } from '../../console/src/lib/step-script';

const SCRIPT = 'export default () => 1;\n';
const written = {
  script: SCRIPT,
  packages: ['left@1.0.0'],
  env: { REGION: '{{ var.region }}', LIMIT: 5 },
  secretEnv: { TOKEN: '${{ secrets.TOKEN }}' },
};
const definition = {
  actions: [{ repeat: { count: 2, sequence: [{ action: 'integration-script.run_script', config: written }] } }],
};
const path = 'actions[0].repeat[1].sequence[0]';
const action = 'integration-script.run_script';

describe('the script of a step', () => {
  it('comes from the definition, and its other fields from the rendered configuration', () => {
    const config = { env: { REGION: 'eu', LIMIT: 5 }, secretEnv: written.secretEnv, packages: ['left@1.0.0'] };
    expect(scriptOf({ path, action, config }, definition)).toEqual({
      ...{ kind: 'run_script', script: SCRIPT, packages: ['left@1.0.0'] },
      ...{ env: { REGION: 'eu', LIMIT: '5' }, secretEnv: { TOKEN: '${{ secrets.TOKEN }}' } },
    });
  });

  it('comes entirely from the definition before the step has rendered its configuration', () => {
    expect(scriptOf({ path, action, config: null }, definition)).toMatchObject({
      ...{ script: SCRIPT, env: { REGION: '{{ var.region }}' } },
    });
  });

  it('has no text if the definition is no longer kept, and is null if the step runs no script', () => {
    expect(scriptOf({ path, action: 'integration-script.run_shell', config: {} }, undefined)).toEqual({
      ...{ kind: 'run_shell', script: undefined, packages: [], env: {}, secretEnv: {} },
    });
    expect(scriptOf({ path, action: 'automation.log', config: {} }, definition)).toBeNull();
    expect(scriptOf({ path, action: null, config: null }, definition)).toBeNull();
  });
});
