import { AuthorizationResponseError, ResponseBodyError } from 'openid-client';
import { FermataError, messageOf } from '../../../domain/errors';
import { ProviderFailure } from '../../../integrations/provider-failure';

/** What the error codes of an authorization response mean (RFC 6749, 4.1.2.1; OpenID Connect Core 1.0, 3.1.2.6). */
const REFUSALS: Readonly<Record<string, string>> = {
  access_denied: 'The identity provider refused the sign-in, or it was cancelled there.',
  login_required: 'The identity provider requires that you sign in there first.',
  interaction_required: 'The identity provider requires an answer that was not given.',
  consent_required: 'The identity provider requires your consent.',
  account_selection_required: 'The identity provider requires that you select an account.',
  invalid_scope: 'The identity provider does not accept the scopes in FERMATA_OIDC_SCOPES.',
  unauthorized_client: 'The identity provider does not allow this sign-in for FERMATA_OIDC_CLIENT_ID.',
  temporarily_unavailable: 'The identity provider is temporarily unavailable. Try again later.',
  server_error: 'The identity provider had an internal error. Try again later.',
};

/** Returns the refusal for an error in the exchange with the provider. Any other error is returned unchanged. */
export function signInFailure(error: unknown): unknown {
  if (error instanceof FermataError) return error;
  const unreachable = causesOf(error).find((cause) => cause instanceof ProviderFailure);
  if (unreachable !== undefined) return unavailable(unreachable.message, error);
  if (error instanceof AuthorizationResponseError) return refusedByProvider(error.error);
  if (error instanceof ResponseBodyError) return refusedByTokenEndpoint(error);
  if (!isFromClient(error)) return error;
  // The message of a SyntaxError contains part of the text that could not be parsed, which may be a token.
  const reason = messageOf(causesOf(error).findLast((cause) => !(cause instanceof SyntaxError)));
  return new FermataError('unauthorized', `The answer of the identity provider is not valid: ${reason}.`);
}

/** Returns the refusal of a sign-in while the provider cannot be used. */
export function unavailable(reason: string, cause?: unknown): FermataError {
  return new FermataError(
    'sign_in_unavailable',
    `The identity provider cannot be used now: ${reason} You can sign in with a token.`,
    { retryAfterSeconds: 10, cause },
  );
}

/** Returns whether the provider refused a refresh token: it was revoked, or the user was disabled. */
export function isRevoked(error: unknown): boolean {
  return error instanceof ResponseBodyError && error.error === 'invalid_grant';
}

function refusedByProvider(code: string): FermataError {
  const known = Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : undefined;
  const shown = /^[a-z_]{1,50}$/.test(code) ? ` (${code})` : '';
  return new FermataError('forbidden', known ?? `The identity provider refused the sign-in${shown}.`);
}

function refusedByTokenEndpoint(error: ResponseBodyError): FermataError {
  if (error.error === 'invalid_grant') {
    return new FermataError(
      'unauthorized',
      'The identity provider did not accept the code of this sign-in: it was used before or has expired. Sign in again.',
    );
  }
  const isClient = error.error === 'invalid_client' || error.error === 'unauthorized_client';
  const settings = isClient ? ' Check FERMATA_OIDC_CLIENT_ID and FERMATA_OIDC_CLIENT_SECRET.' : '';
  const shown = /^[a-z_]{1,50}$/.test(error.error) ? error.error : 'an error';
  return unavailable(`it answered with ${shown}.${settings}`);
}

/** Returns an error and its causes, from the outermost to the innermost. */
function causesOf(error: unknown): Error[] {
  const found: Error[] = [];
  for (let each = error; each instanceof Error && found.length < 10; each = each.cause) found.push(each);
  return found;
}

/** Returns whether `openid-client` threw the error. It throws a TypeError for metadata that it cannot use. */
function isFromClient(error: unknown): boolean {
  return error instanceof Error && (error.name === 'ClientError' || error.name === 'WWWAuthenticateChallengeError');
}
