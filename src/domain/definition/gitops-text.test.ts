import { readYaml } from './yaml';
import { automationText, gitOpsText } from './gitops-text';
import { fromGitOps } from './gitops-document';
import { validate } from './validate.fixture';

const ALONE = `# Who is called at night
name: alone
# the team
group: on-call
triggers:
  - event: healthcheck.system_degraded # the start
actions:
  # first of all
  - delay: {seconds: 5}
`;
const GITOPS = `# file
apiVersion: fermata/v1
kind: Automation
metadata:
  name: in-git
  title: In Git # shown
  labels: { group: on-call }
spec:
  # why it starts
  triggers:
    - event: healthcheck.system_degraded
  actions:
    - delay: { seconds: 5 } # short
`;

function unwrapped(text: string): string | null {
  const [first] = readYaml(text);
  if (first?.parsed === undefined) throw new Error('not read');
  const { document } = fromGitOps(first.value as Record<string, unknown>);
  const { definition, errors } = validate(document);
  if (definition === undefined) throw new Error(JSON.stringify(errors));
  return automationText(first.parsed, document, { definition, like: text });
}
function wrapped(text: string, path = 'a/b.yaml'): string {
  const [first] = readYaml(text);
  return (first?.parsed && gitOpsText(first.parsed, { path, like: text })) ?? '';
}

describe('documents for Git', () => {
  test('return their automation with its comments, and with the name and group from their metadata', () => {
    expect(unwrapped(GITOPS)).toBe(`# file
name: In Git
group: on-call
# why it starts
triggers:
  - event: healthcheck.system_degraded
actions:
  - delay: { seconds: 5 } # short
`);
  });

  test('are created from a plain automation with its comments, and return it unchanged', () => {
    const text = wrapped(ALONE);
    expect(readYaml(text)[0]?.value).toEqual({
      apiVersion: 'fermata/v1',
      kind: 'Automation',
      metadata: { name: 'alone', annotations: { path: 'a/b.yaml' } },
      spec: {
        group: 'on-call',
        triggers: [{ event: 'healthcheck.system_degraded' }],
        actions: [{ delay: { seconds: 5 } }],
      },
    });
    expect(unwrapped(text)).toBe(ALONE);
  });

  test('keep their path and comments, and get the path of their file if they have none', () => {
    expect(wrapped(GITOPS)).toContain('annotations:\n    path: a/b.yaml\n');
    expect(wrapped(GITOPS)).toContain('title: In Git # shown');
    const own = GITOPS.replace('  labels:', '  annotations: { path: own.yaml }\n  labels:');
    expect(wrapped(`---\n${own}`)).toBe(own);
  });

  test('return no text if their spec uses an anchor from outside of the spec', () => {
    const text = GITOPS.replace('title: In Git', 'title: &title In Git').replace(
      '# short',
      '\n    - action: automation.log\n      config: { message: *title }',
    );
    expect(unwrapped(text)).toBeNull();
  });
});
