import { limitText } from '../limit-text';

interface CardContent {
  title?: string | undefined;
  /** Text in the Markdown dialect of Teams. */
  body: string;
  /** Buttons that open URLs. */
  actions?: readonly { title: string; url: string }[];
}

/**
 * Maximum size of the whole message in bytes
 * (https://learn.microsoft.com/en-us/connectors/teams/#known-issues-and-limitations-with-actions).
 * Teams counts the card as a string inside the message, in which quotes are escaped again, and refuses more than 28,672
 * bytes: https://github.com/MicrosoftDocs/msteams-docs/issues/11274. By then the workflow has already answered 202, so
 * the message would be lost without an error.
 */
const MAX_MESSAGE_BYTES = 27_000;
const MAX_TITLE_BYTES = 2_000;

/**
 * Returns the body of a request to a "Workflows" webhook. It contains one Adaptive Card 1.4, truncated to Teams'
 * limits. Calls `note` each time something is truncated or left out.
 */
export function cardMessage(given: CardContent, note: (text: string) => void): string {
  const title = given.title === undefined ? undefined : limitText(given.title, { bytes: MAX_TITLE_BYTES });
  if (title !== given.title) note(`The title was cut to ${MAX_TITLE_BYTES} bytes.`);
  const content = { ...given, title };
  const whole = sizeOf(content);
  if (whole <= MAX_MESSAGE_BYTES) return messageOf(content);
  if (sizeOf({ ...content, body: '' }) > MAX_MESSAGE_BYTES) {
    note('The buttons were left out: their addresses alone are larger than the 28 KB that Teams accepts.');
    return cardMessage({ ...content, actions: [] }, note);
  }
  // An escaped character takes more bytes than the character itself.
  let bytes = MAX_MESSAGE_BYTES - sizeOf({ ...content, body: '' });
  let cut = { ...content, body: limitText(content.body, { bytes }) };
  while (sizeOf(cut) > MAX_MESSAGE_BYTES && bytes > 0) {
    bytes = Math.floor(bytes * 0.9) - 1;
    cut = { ...content, body: limitText(content.body, { bytes: Math.max(0, bytes) }) };
  }
  note(`The text was cut: the message has ${whole} bytes, and Teams accepts at most 28 KB.`);
  return messageOf(cut);
}

/** Returns the size of a message in bytes, as Teams counts it. */
function sizeOf(content: CardContent): number {
  return Buffer.byteLength(JSON.stringify(messageOf(content)));
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
  const text = { type: 'TextBlock', text: body, wrap: true };
  const heading = { type: 'TextBlock', text: title, weight: 'Bolder', size: 'Medium', wrap: true };
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    // An empty text block is invisible, but a card needs at least one block.
    body: [...(title === undefined ? [] : [heading]), ...(body === '' && title !== undefined ? [] : [text])],
    ...(actions.length === 0
      ? {}
      : { actions: actions.map(({ title: label, url }) => ({ type: 'Action.OpenUrl', title: label, url })) }),
  };
}
