import { z } from 'zod';
import { requireChoice, type ConnectionType, type Option } from '../connections/connection-type';
import type { JiraClient } from './client';
import { JiraConnection } from './connection-config';

const Named = z.looseObject({ id: z.string(), name: z.string() });
const Projects = z.object({ values: z.array(z.looseObject({ key: z.string(), name: z.string() })) });
const IssueTypes = z.object({ issueTypes: z.array(Named) });
const Fields = z.object({ fields: z.array(z.looseObject({ fieldId: z.string(), name: z.string() })) });
const Transitions = z.object({ transitions: z.array(Named) });

/**
 * Creates the connection type `jira`. Its test reads the user to whom the credentials belong. Its options are the
 * possible values for creating and transitioning issues.
 */
export function createJiraConnectionType(jira: JiraClient): ConnectionType<JiraConnection> {
  const named = (items: z.infer<typeof Named>[]): Option[] => items.map(({ id, name }) => ({ value: id, label: name }));
  const part = (given: Readonly<Record<string, string>>, name: string) =>
    encodeURIComponent(requireChoice(given, name));
  const options: ConnectionType<JiraConnection>['options'] = {
    async projectKey(config, _given, call) {
      const { values } = await jira(config, call, 'GET', '/project/search?maxResults=100&orderBy=name', Projects);
      return values.map(({ key, name }) => ({ value: key, label: `${name} (${key})` }));
    },
    async issueTypeId(config, given, call) {
      const path = `/issue/createmeta/${part(given, 'projectKey')}/issuetypes?maxResults=100`;
      return named((await jira(config, call, 'GET', path, IssueTypes)).issueTypes);
    },
    async priorityId(config, _given, call) {
      const found = z.object({ values: z.array(Named) });
      return named((await jira(config, call, 'GET', '/priority/search?maxResults=100', found)).values);
    },
    async fieldKey(config, given, call) {
      const path = `/issue/createmeta/${part(given, 'projectKey')}/issuetypes/${part(given, 'issueTypeId')}?maxResults=200`;
      const { fields } = await jira(config, call, 'GET', path, Fields);
      return fields.map(({ fieldId, name }) => ({ value: fieldId, label: name }));
    },
    async transitionId(config, given, call) {
      const path = `/issue/${part(given, 'issueKey')}/transitions`;
      return named((await jira(config, call, 'GET', path, Transitions)).transitions);
    },
  };
  return {
    id: 'jira',
    displayName: 'Jira Cloud',
    configSchema: JiraConnection,
    addressFields: ['baseUrl'],
    async test(config, call) {
      const user = await jira(config, call, 'GET', '/myself', z.object({ displayName: z.string() }));
      return `Connected as ${user.displayName}.`;
    },
    options,
  };
}
