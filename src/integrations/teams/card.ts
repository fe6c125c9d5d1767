import { limitText } from '../limit-text';

interface CardContent {
  title?: string | undefined;
  /** Markdown, as Teams understands it. */
  body: string;
  /** Buttons that open addresses. */
  actions?: readonly { title: string; url: string }[];
}

/**
 * Largest message in bytes. Teams refuses messages of about 28 KB, everything included:
 * https://learn.microsoft.com/en-us/connectors/teams/#known-issues-and-limitations-with-actions
 */
const MAX_MESSAGE_BYTES = 27_000;
const MAX_TITLE_BYTES = 2_000;

/** The body of a request to a "Workflows" webhook: one Adaptive Card 1.4, cut to what Teams accepts; `note` reports cuts. */
export function cardMessage(content: CardContent, note: (text: string) => void): string {
  const title = content.title === undefined ? undefined : limitText(content.title, { bytes: MAX_TITLE_BYTES });
  if (title !== content.title) note(`The title was cut to ${MAX_TITLE_BYTES} bytes.`);
  const whole = messageOf({ ...content, title });
  if (Buffer.byteLength(whole) <= MAX_MESSAGE_BYTES) return whole;
  const frame = Buffer.byteLength(messageOf({ ...content, title, body: '' }));
  // Escapes in JSON take more room than the characters that they stand for.
  let bytes = Math.max(0, MAX_MESSAGE_BYTES - frame);
  let cut = messageOf({ ...content, title, body: limitText(content.body, { bytes }) });
  while (Buffer.byteLength(cut) > MAX_MESSAGE_BYTES && bytes > 0) {
    bytes = Math.floor(bytes * 0.9) - 1;
    cut = messageOf({ ...content, title, body: limitText(content.body, { bytes }) });
  }
  note(`The text was cut: the message has ${Buffer.byteLength(whole)} bytes, and Teams accepts at most 28 KB.`);
  return cut;
}

function messageOf(content: CardContent): string {
  const attachment = {
    contentType: 'application/vnd.microsoft.card.adaptive',
    contentUrl: null,
    content: adaptiveCard(content),
  };
  return JSON.stringify({ type: 'message', attachments: [attachment] });
}

function adaptiveCard({ title, body, actions = [] }: CardContent): Record<string, unknown> {
  const heading = { type: 'TextBlock', text: title, weight: 'Bolder', size: 'Medium', wrap: true };
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body: [...(title === undefined ? [] : [heading]), { type: 'TextBlock', text: body, wrap: true }],
    ...(actions.length === 0
      ? {}
      : { actions: actions.map(({ title: label, url }) => ({ type: 'Action.OpenUrl', title: label, url })) }),
  };
}
