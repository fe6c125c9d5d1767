import { createHash } from 'node:crypto';
import { createTransport, type Transporter } from 'nodemailer';
import { z } from 'zod';
import { messageOf } from '../../domain/errors';
import type { ConnectionCall, ConnectionType, NotifyCall } from '../connections/connection-type';
import type { Egress } from '../../edges/egress/egress';
import { errorCode } from '../../edges/egress/error-code';
import { ProviderFailure } from '../provider-failure';

/** A mail server that takes mail from an account. */
const SmtpConnection = z.strictObject({
  host: z.string().min(1).max(253),
  port: z.int().min(1).max(65_535),
  user: z.string().min(1).max(320),
  password: z.string().min(1).max(10_000).meta({ 'x-secret': true }),
});
type SmtpConnection = z.infer<typeof SmtpConnection>;

/** Port on which TLS begins at once; elsewhere it begins with STARTTLS, where the server offers it. */
const TLS_PORT = 465;

/** Type `smtp`. As a channel of notifications, a recipient is an address; the sender is the user. */
export function createSmtpConnectionType(egress: Egress): ConnectionType<SmtpConnection> {
  return {
    id: 'smtp',
    displayName: 'Mail (SMTP)',
    configSchema: SmtpConnection,
    addressFields: ['host', 'port'],
    test: (config, call) =>
      withTransport(egress, config, call, async (transport) => {
        await transport.verify();
        return `${config.host} takes mail from ${config.user}.`;
      }),
    options: {},
    notify: {
      recipients: 'required',
      send: (config, message, to, call) =>
        withTransport(egress, config, call, async (transport) => {
          const { title, body, actionLabel, actionUrl, importance } = message;
          const link = actionUrl === undefined ? '' : `\n\n${actionLabel ?? 'Open'}: ${actionUrl}\n`;
          const sent = (await transport.sendMail({
            from: config.user.includes('@') ? config.user : `${config.user}@${config.host}`,
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

/** The same for each try, so that mail servers recognise a repeat. */
function messageIdOf({ idempotencyKey }: NotifyCall, to: string): string {
  return `<${createHash('sha256')
    .update(JSON.stringify([idempotencyKey, to]))
    .digest('hex')
    .slice(0, 40)}@fermata.invalid>`;
}

async function withTransport<T>(
  egress: Egress,
  { host, port, user, password }: SmtpConnection,
  { signal, timeoutMs }: ConnectionCall,
  work: (transport: Transporter) => Promise<T>,
): Promise<T> {
  const socket = await egress.connect({ host, port, signal, timeoutMs });
  const abort = () => void socket.destroy(new Error('Aborted'));
  signal.addEventListener('abort', abort, { once: true });
  // nodemailer's own connections are not guarded: it gets one that is.
  const options = {
    ...{ host, port, connection: socket, secure: port === TLS_PORT, auth: { user, pass: password } },
    ...{
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      tls: { servername: host },
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

/** 4xx of SMTP means later, 5xx never. */
function failureOf(error: unknown, host: string): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  const { responseCode } = Object(error) as { responseCode?: unknown };
  const text = messageOf(error);
  if (typeof responseCode === 'number') {
    const retryable = responseCode >= 400 && responseCode < 500;
    return new ProviderFailure('provider_failed', `${host} refused: ${text}`, { retryable });
  }
  const isTimeout = errorCode(error) === 'ETIMEDOUT';
  return new ProviderFailure(isTimeout ? 'timeout' : 'network_error', `${host}: ${text}`, { retryable: true });
}
