import { shellEnv } from './script-env';

describe('the environment of a shell script', () => {
  it('contains payload, artifacts and variables, named by their paths in upper case', () => {
    const env = shellEnv({
      trigger: { payload: { systemId: 'db', tags: ['a', 'b'], deep: { is_on: true }, none: null } },
      artifacts: { open: { incident: { incidentId: 'i1' } } },
      variables: { owner: 'ada', 'odd name': 3 },
      repeat: null,
      automation: {},
    });
    expect(env).toEqual({
      FERMATA_TRIGGER_PAYLOAD_SYSTEMID: 'db',
      FERMATA_TRIGGER_PAYLOAD_TAGS_0: 'a',
      FERMATA_TRIGGER_PAYLOAD_TAGS_1: 'b',
      FERMATA_TRIGGER_PAYLOAD_DEEP_IS_ON: 'true',
      FERMATA_ARTIFACT_OPEN_INCIDENT_INCIDENTID: 'i1',
      FERMATA_VAR_OWNER: 'ada',
      FERMATA_VAR_ODD_NAME: '3',
    });
  });

  it('contains the run, its context key, the trigger, the automation and the repetition', () => {
    const env = shellEnv({
      trigger: { id: 'down', event: 'health.changed', payload: {} },
      artifacts: {},
      variables: {},
      repeat: { index: 2, item: { name: 'b' } },
      automation: { id: 'a1', name: 'Nightly', group: null },
      runId: 'r1',
      contextKey: 'db',
    });
    expect(env).toEqual({
      FERMATA_RUN_ID: 'r1',
      FERMATA_CONTEXT_KEY: 'db',
      FERMATA_TRIGGER_ID: 'down',
      FERMATA_TRIGGER_EVENT: 'health.changed',
      FERMATA_AUTOMATION_ID: 'a1',
      FERMATA_AUTOMATION_NAME: 'Nightly',
      FERMATA_REPEAT_INDEX: '2',
      FERMATA_REPEAT_ITEM_NAME: 'b',
    });
  });

  it('keeps variables and artifacts if the payload is too large, and lists the omitted names', () => {
    const env = shellEnv({
      trigger: { payload: { big: 'x'.repeat(200_000), small: 1 } },
      artifacts: { open: { incident: { id: 'i1' } } },
      variables: { owner: 'ada', zero: 'a\0b' },
      repeat: null,
      automation: null,
    });
    expect(env).toEqual({
      FERMATA_VAR_OWNER: 'ada',
      FERMATA_ARTIFACT_OPEN_INCIDENT_ID: 'i1',
      FERMATA_TRIGGER_PAYLOAD_SMALL: '1',
      FERMATA_OMITTED: 'FERMATA_VAR_ZERO FERMATA_TRIGGER_PAYLOAD_BIG',
    });
  });

  it('shortens a long list of omitted names', () => {
    const variables = Object.fromEntries(Array.from({ length: 1_200 }, (_, index) => [`v${index}`, index]));
    const env = shellEnv({ trigger: null, artifacts: {}, variables, repeat: null, automation: null });
    expect(Object.keys(env)).toHaveLength(1_001);
    expect(env['FERMATA_OMITTED']).toMatch(/^FERMATA_VAR_V1000 .* and 150 more$/);
  });
});
