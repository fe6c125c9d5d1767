import { cardMessage } from './card';

interface Message {
  attachments: { content: { body: { text: string }[]; actions?: unknown[] } }[];
}

const made = (content: Parameters<typeof cardMessage>[0]) => {
  const notes: string[] = [];
  const text = cardMessage(content, (note) => notes.push(note));
  return { text, notes, card: (JSON.parse(text) as Message).attachments[0]?.content };
};

it('is a message with one Adaptive Card', () => {
  const { card, notes } = made({
    title: 'Down',
    body: '**db**',
    actions: [{ title: 'Open', url: 'https://x.example' }],
  });
  expect(card).toMatchObject({
    type: 'AdaptiveCard',
    body: [{ text: 'Down' }, { text: '**db**' }],
    actions: [{ type: 'Action.OpenUrl', title: 'Open', url: 'https://x.example' }],
  });
  expect(notes).toEqual([]);
});

/** Returns the size of a message as Teams counts it, with the card as a string inside the message. */
const sizeInTeams = (text: string) => Buffer.byteLength(JSON.stringify(text));

it.each(['x'.repeat(100_000), 'ü'.repeat(100_000), '"\n'.repeat(50_000), '\u0001'.repeat(50_000), '\\'.repeat(50_000)])(
  'cuts a text so that the message stays below 28 KB as Teams counts it',
  (body) => {
    const { text, notes, card } = made({ title: 'Down', body });
    expect(sizeInTeams(text)).toBeLessThanOrEqual(28_672);
    expect(sizeInTeams(text)).toBeGreaterThan(20_000);
    expect(card?.body[1]?.text.endsWith('…')).toBe(true);
    expect(notes).toEqual([expect.stringContaining('28 KB')]);
  },
);

it('omits buttons whose URL does not fit', () => {
  const actions = [{ title: 'Open', url: `https://x.example/${'x'.repeat(40_000)}` }];
  const { text, notes, card } = made({ title: 'Down', body: 'db', actions });
  expect([sizeInTeams(text) < 28_672, card?.actions, card?.body[1]?.text]).toEqual([true, undefined, 'db']);
  expect(notes).toEqual([expect.stringContaining('buttons were left out')]);
});

it('has no block for an empty text', () => {
  expect(made({ title: 'Down', body: '' }).card?.body).toEqual([expect.objectContaining({ text: 'Down' })]);
});
