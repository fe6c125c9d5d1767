import { allowsHost, SecretBinding, useRefusal, type SecretUse } from './binding';

const use: SecretUse = {
  automation: { id: '0197c0de-0000-7000-8000-000000000001', name: 'Page', group: 'on-call' },
  action: 'integration-webhook.send',
  way: 'call',
};

describe('hosts', () => {
  it.each([
    ['api.example.com', 'api.example.com', true],
    ['api.example.com', 'API.Example.COM.', true],
    ['API.example.com.', 'api.example.com', true],
    ['api.example.com', 'evil-api.example.com', false],
    ['api.example.com', 'api.example.com.evil.test', false],
    ['api.example.com', 'x.api.example.com', false],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'evilexample.com', false],
    ['münchen.example', 'xn--mnchen-3ya.example', true],
    ['10.0.0.1', '167772161', true],
    ['::1', '[::1]', true],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['api.example.com', 'not a host', false],
    ['api.example.com', '', false],
  ])('%s allows the host %s: %s', (host, requested, allowed) => {
    const { hosts = [] } = SecretBinding.parse({ hosts: [host] });
    expect(allowsHost(hosts, requested)).toBe(allowed);
  });

  it.each([
    'https://a.example',
    'a.example:443',
    'a.example/path',
    'user@a.example',
    '*',
    '*.',
    'a.*.example',
    'a b',
    '?',
  ])('cannot contain %s', (host) => {
    expect(SecretBinding.safeParse({ hosts: [host] }).success).toBe(false);
  });
});

it('requires a non-empty list, and accepts no unknown lists', () => {
  for (const allow of [{}, { hosts: [] }, { host: ['a.example'] }]) {
    expect(SecretBinding.safeParse(allow).success).toBe(false);
  }
});

describe('uses', () => {
  it.each<[SecretBinding | null, Partial<SecretUse>, string | null]>([
    [null, { way: 'environment' }, null],
    [{ actions: ['integration-webhook.send'] }, {}, null],
    [{ actions: ['integration-script.run_shell'] }, {}, 'action'],
    [{ actions: ['automation.notify_user'] }, { action: 'notification.send' }, null],
    [{ actions: ['notification.send'] }, { action: 'automation.notify_user' }, null],
    [{ groups: ['on-call'] }, {}, null],
    [{ groups: ['other'] }, {}, 'group'],
    [{ groups: ['on-call'] }, { automation: { id: null, name: 'on-call', group: null } }, 'group'],
    [{ automations: ['Page'] }, {}, null],
    [{ automations: [use.automation.id ?? ''] }, {}, null],
    [{ automations: ['Other'] }, {}, 'this automation'],
    [{ groups: ['on-call'], actions: ['integration-jira.create_issue'] }, {}, 'action'],
    [{ hosts: ['a.example'] }, {}, null],
    [{ hosts: ['a.example'] }, { way: 'environment' }, 'environment'],
    [{ hosts: ['a.example'] }, { way: 'effect', action: 'incident.create' }, 'incident.create'],
    [{ hosts: ['a.example'] }, { action: 'automation.emit_event' }, 'automation.emit_event'],
    [{ hosts: ['a.example'] }, { action: 'automation.notify_user' }, null],
  ])('%j with %j', (binding, changes, why) => {
    const refusal = useRefusal(binding, { ...use, ...changes });
    if (why === null) expect(refusal).toBeNull();
    else expect(refusal).toContain(why);
  });
});
