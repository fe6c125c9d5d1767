import { z } from 'zod';
import { requireChoice, type ConnectionType } from '../connections/connection-type';
import { ProviderFailure } from '../provider-failure';
import { GithubConnection, type GithubClient } from './client';

const Named = z.looseObject({ id: z.int(), name: z.string() });
const Repository = z.looseObject({ name: z.string(), owner: z.looseObject({ login: z.string() }) });

/** Creates the connection type `github`. */
export function createGithubConnectionType(github: GithubClient): ConnectionType<GithubConnection> {
  const repositories = async (config: GithubConnection, call: Parameters<GithubClient>[1]) => {
    if (config.token !== undefined) {
      const path = '/user/repos?per_page=100&sort=pushed';
      return (await github(config, call, { method: 'GET', path }, z.array(Repository))).body;
    }
    const path = '/installation/repositories?per_page=100';
    const answer = z.looseObject({ repositories: z.array(Repository) });
    return (await github(config, call, { method: 'GET', path }, answer)).body.repositories;
  };
  const place = (given: Readonly<Record<string, string>>) =>
    `/repos/${encodeURIComponent(requireChoice(given, 'owner'))}/${encodeURIComponent(requireChoice(given, 'repo'))}`;
  return {
    id: 'github',
    displayName: 'GitHub',
    configSchema: GithubConnection,
    addressFields: ['baseUrl'],
    async test(config, call) {
      const { token, appId, privateKey, installationId } = config;
      if (token === undefined && !(appId && privateKey && installationId)) {
        const message = 'Set token, or appId, privateKey and installationId.';
        throw new ProviderFailure('config_invalid', message, { retryable: false });
      }
      const answer = z.looseObject({ rate: z.looseObject({ remaining: z.int() }) });
      const { body } = await github(config, call, { method: 'GET', path: '/rate_limit' }, answer);
      return `Connected; ${body.rate.remaining} requests are left this hour.`;
    },
    options: {
      async owner(config, _given, call) {
        const owners = new Set((await repositories(config, call)).map(({ owner }) => owner.login));
        return [...owners].map((login) => ({ value: login, label: login }));
      },
      async repo(config, given, call) {
        const all = await repositories(config, call);
        return all
          .filter(({ owner }) => given['owner'] === undefined || owner.login === given['owner'])
          .map(({ name, owner }) => ({ value: name, label: `${owner.login}/${name}` }));
      },
      async workflow(config, given, call) {
        const answer = z.looseObject({ workflows: z.array(Named.extend({ path: z.string() })) });
        const path = `${place(given)}/actions/workflows?per_page=100`;
        const { body } = await github(config, call, { method: 'GET', path }, answer);
        return body.workflows.map(({ name, path: file }) => ({ value: file.split('/').at(-1) ?? file, label: name }));
      },
      async labels(config, given, call) {
        const path = `${place(given)}/labels?per_page=100`;
        const { body } = await github(config, call, { method: 'GET', path }, z.array(Named));
        return body.map(({ name }) => ({ value: name, label: name }));
      },
    },
  };
}
