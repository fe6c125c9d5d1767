/**
 * The catalogue of all errors. Each code is used as the problem `code` of an HTTP response, the
 * `ApplicationFailure.type` of a failed activity and the `error.code` of a run or a step.
 */
const CATALOGUE = {
  // Requests
  bad_request: { status: 400, title: 'Bad request' },
  malformed_body: { status: 400, title: 'The body could not be read' },
  unauthorized: { status: 401, title: 'Not authenticated' },
  csrf: { status: 403, title: 'Cross-site request refused' },
  forbidden: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'Conflict' },
  foreign_source: { status: 409, title: 'The source belongs to another token' },
  managed_elsewhere: { status: 409, title: 'Managed from Git' },
  stale_etag: { status: 412, title: 'The resource has changed' },
  request_timeout: { status: 408, title: 'Request timed out' },
  body_too_large: { status: 413, title: 'Body too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  validation_failed: { status: 422, title: 'Not valid' },
  invalid_text: { status: 422, title: 'Text that cannot be stored' },
  idempotency_key_reused: { status: 422, title: 'Idempotency-Key used with another body' },
  headers_too_large: { status: 431, title: 'Address or headers too large' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Internal error' },
  database_unavailable: { status: 503, title: 'Database unavailable' },
  overloaded: { status: 503, title: 'Overloaded' },
  sign_in_unavailable: { status: 503, title: 'The identity provider cannot be used' },
  plugin_missing: { status: 503, title: 'A plugin is missing in this process' },
  // Concurrency
  not_firing: { status: 409, title: 'The alert is not firing' },
  already_running: { status: 409, title: 'Already running' },
  max_runs: { status: 409, title: 'Too many runs' },
  condition: { status: 409, title: 'Conditions do not hold' },
  not_retryable: { status: 409, title: 'Only failed runs can be retried' },
  run_closed: { status: 409, title: 'The run has ended' },
  // Definitions and expressions
  expression_error: { status: 422, title: 'Expression error' },
  unknown_action: { status: 422, title: 'Unknown action' },
  unknown_kind: { status: 422, title: 'Unknown entity kind' },
  limit_exceeded: { status: 422, title: 'Limit exceeded' },
  loop_detected: { status: 409, title: 'Automations trigger each other in a loop' },
  // Steps
  config_invalid: { status: 422, title: 'Action configuration not valid' },
  secret_outside: { status: 422, title: 'Secret in a field that takes none' },
  secret_not_allowed: { status: 403, title: 'Secret not allowed here' },
  artifact_missing: { status: 422, title: 'Artifact missing' },
  provider_failed: { status: 502, title: 'The provider call failed' },
  http_status: { status: 502, title: 'The server answered with an error' },
  network_error: { status: 502, title: 'The server could not be reached' },
  timeout: { status: 504, title: 'Timed out' },
  teams_app_only: { status: 422, title: 'Teams refuses messages of applications' },
  packages_not_ready: { status: 422, title: 'Packages of a script are not ready' },
  script_failed: { status: 502, title: 'The script failed' },
  egress_refused: { status: 422, title: 'Address not allowed' },
  stopped: { status: 409, title: 'Stopped' },
  attempt_lost: { status: 500, title: 'No attempt reported its outcome' },
  execution_lost: { status: 500, title: 'The execution is gone' },
} as const;

export type ErrorCode = keyof typeof CATALOGUE;

/** A finding about one place in the input. `path` has the form `actions[0].config.title`. */
export interface Finding {
  path: string;
  message: string;
  code: string;
  /** 1-based position in the source text. Set when the input was text. */
  line?: number;
  column?: number;
}

interface ErrorExtras {
  errors?: readonly Finding[];
  /** Seconds after which the caller may retry. Sent as `Retry-After`. */
  retryAfterSeconds?: number;
  /** Additional fields of the problem document or of the step's error, e.g. the `status` of the server's response. */
  data?: Record<string, unknown>;
  cause?: unknown;
}

/** An expected refusal. `message` says what failed and what to do. Any other error is a bug. */
export class FermataError extends Error {
  override readonly name = 'FermataError';
  readonly errors: readonly Finding[] | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly data: Record<string, unknown> | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    extras: ErrorExtras = {},
  ) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.errors = extras.errors;
    this.retryAfterSeconds = extras.retryAfterSeconds;
    this.data = extras.data;
  }

  /** Returns the HTTP status of this refusal. */
  get status(): number {
    return CATALOGUE[this.code].status;
  }

  /** Returns the short, constant title of the code. */
  get title(): string {
    return CATALOGUE[this.code].title;
  }
}

/**
 * Returns the message of any thrown value. For a failed database statement, this is the message of the database,
 * because the message of the query error contains all parameters, which may be personal data.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'params' in error && error.cause instanceof Error ? messageOf(error.cause) : error.message;
}

/** Makes the compiler check that a switch covers every case of a union. Throws if it is called at run time. */
export function assertNever(value: never): never {
  throw new Error(`Unhandled case: ${JSON.stringify(value)}`);
}
