import { isIP } from 'node:net';
import { createTransport, type Transporter } from 'nodemailer';
import { z } from 'zod';
import { sha256 } from '../../domain/sha256';
import { messageOf } from '../../domain/errors';
import type { ConnectionCall, ConnectionType, NotifyCall } from '../connections/connection-type';
import type { Egress } from '../../edges/egress/egress';
import { errorCode } from '../../edges/egress/error-code';
import { ProviderFailure } from '../provider-failure';

/** Matches `ops@example.org`, or an address with a name such as `Fermata <ops@example.org>`. */
const SENDER = /^(?:[^<>\r\n]*<)?[^\s<>@,;"]+@[^\s<>@,;"]+>?$/;

/** A mail server, with or without credentials. */
const SmtpConnection = z
  .strictObject({
    host: z.string().min(1).max(253),
    port: z.int().min(1).max(65_535),
    user: z.string().min(1).max(320).optional().describe('Leave out for a relay without authentication'),
    password: z.string().min(1).max(10_000).optional().meta({ 'x-secret': true }),
    from: z
      .string()
      .max(400)
      .refine((text) => SENDER.test(text) && text.includes('<') === text.endsWith('>'), {
        error: 'must be an address, or a name with an address: Fermata <ops@example.org>',
      })
      .optional()
      .describe('Sender; by default the user'),
    tls: z
      .enum(['required', 'none'])
      .default('required')
      .describe(
        '`required`: implicit TLS on port 465, STARTTLS on other ports. `none`: everything is sent in clear text, including the password',
      ),
    ca: z
      .string()
      .max(100_000)
      .refine((text) => text.includes('-----BEGIN CERTIFICATE-----'), 'must be certificates in PEM form')
      .optional()
      .describe('Certificates to trust instead of the public ones (PEM)'),
  })
  .superRefine(({ user, password }, context) => {
    if ((user === undefined) === (password === undefined)) return;
    const [missing, given] = user === undefined ? (['user', 'password'] as const) : (['password', 'user'] as const);
    context.addIssue({ code: 'custom', path: [missing], message: `is required together with ${given}` });
  });
type SmtpConnection = z.infer<typeof SmtpConnection>;

/**
 * The port on which connections use TLS from the start. On other ports, they switch to TLS with STARTTLS. `tls: none`
 * disables both.
 */
const TLS_PORT = 465;

/** Returns the sender address of mails. */
function senderOf({ from, user, host }: SmtpConnection): string {
  if (from !== undefined) return from;
  const name = user ?? 'fermata';
  return name.includes('@') ? name : `${name}@${isIP(host) === 0 ? host : `[${host}]`}`;
}

/** Creates the connection type `smtp`. The recipient of a notification is a mail address. */
export function createSmtpConnectionType(egress: Egress): ConnectionType<SmtpConnection> {
  return {
    id: 'smtp',
    displayName: 'Mail (SMTP)',
    configSchema: SmtpConnection,
    addressFields: ['host', 'port'],
    test: (config, call) =>
      withTransport(egress, config, call, async (transport) => {
        await transport.verify();
        return `${config.host} accepts mail from ${senderOf(config)}.`;
      }),
    options: {},
    notify: {
      recipients: 'required',
      send: (config, message, to, call) =>
        withTransport(egress, config, call, async (transport) => {
          const { title, body, actionLabel, actionUrl, importance } = message;
          const link = actionUrl === undefined ? '' : `\n\n${actionLabel ?? 'Open'}: ${actionUrl}\n`;
          const sent = (await transport.sendMail({
            from: senderOf(config),
            to,
            subject: title,
            text: `${body}${link}`,
            messageId: messageIdOf(call, to),
            priority: importance === 'critical' ? 'high' : 'normal',
          })) as { messageId: string };
          return sent.messageId;
        }),
    },
  };
}

/**
 * Returns a mail's Message-ID. It is the same for every attempt, so that mail servers can recognise a repeated mail.
 */
function messageIdOf({ idempotencyKey }: NotifyCall, to: string): string {
  return `<${sha256(JSON.stringify([idempotencyKey, to])).slice(0, 40)}@fermata.invalid>`;
}

async function withTransport<T>(
  egress: Egress,
  { host, port, user, password, tls, ca }: SmtpConnection,
  { signal, timeoutMs }: ConnectionCall,
  work: (transport: Transporter) => Promise<T>,
): Promise<T> {
  const socket = await egress.connect({ host, port, signal, timeoutMs });
  const abort = () => void socket.destroy(new Error('Aborted'));
  signal.addEventListener('abort', abort, { once: true });
  // The library's own connections would bypass the egress guard, so it gets a guarded socket.
  const options = {
    ...{ host, port, connection: socket },
    ...(user !== undefined && { auth: { user, pass: password } }),
    // With `none`, STARTTLS is not used even if the server offers it.
    ...(tls === 'none' ? { secure: false, ignoreTLS: true } : { secure: port === TLS_PORT, requireTLS: true }),
    ...{
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      tls: { ...(isIP(host) === 0 && { servername: host }), ...(ca !== undefined && { ca }) },
    },
  };
  const transport = createTransport(options as unknown as Parameters<typeof createTransport>[0]);
  try {
    return await work(transport);
  } catch (error) {
    signal.throwIfAborted();
    throw failureOf(error, host);
  } finally {
    signal.removeEventListener('abort', abort);
    transport.close();
    socket.destroy();
  }
}

/** Converts an SMTP error to a failure. 4xx errors are temporary, and 5xx errors are permanent. */
function failureOf(error: unknown, host: string): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  const { responseCode } = Object(error) as { responseCode?: unknown };
  const text = messageOf(error);
  if (errorCode(error) === 'ETLS') {
    const message = `${host} could not be reached with TLS, and nothing was sent without it: ${text}. For a server without TLS, set tls: none.`;
    return new ProviderFailure('provider_failed', message, { retryable: false });
  }
  if (typeof responseCode === 'number') {
    const retryable = responseCode >= 400 && responseCode < 500;
    return new ProviderFailure('provider_failed', `${host} refused: ${text}`, { retryable });
  }
  const isTimeout = errorCode(error) === 'ETIMEDOUT';
  return new ProviderFailure(isTimeout ? 'timeout' : 'network_error', `${host}: ${text}`, { retryable: true });
}
