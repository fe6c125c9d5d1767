import { shellEnv } from './script-env';

describe('the environment of a shell script', () => {
  it('has payload, artifacts and variables by their way in capitals', () => {
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

  it('leaves out what is too much, and what the system would refuse', () => {
    const variables = { big: 'x'.repeat(200_000), zero: 'a\0b', fine: 'y' };
    expect(shellEnv({ trigger: null, artifacts: {}, variables, repeat: null, automation: {} })).not.toHaveProperty(
      'FERMATA_VAR_BIG',
    );
    expect(
      shellEnv({ trigger: null, artifacts: {}, variables: { zero: 'a\0b' }, repeat: null, automation: {} }),
    ).toEqual({});
  });
});
