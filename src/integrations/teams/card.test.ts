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

it.each(['x'.repeat(100_000), 'ü'.repeat(100_000), '"\n'.repeat(50_000), '\u0001'.repeat(50_000)])(
  'cuts a text so that the whole message stays below 28 KB',
  (body) => {
    const { text, notes, card } = made({ title: 'Down', body });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(28_672);
    expect(Buffer.byteLength(text)).toBeGreaterThan(20_000);
    expect(card?.body[1]?.text.endsWith('…')).toBe(true);
    expect(notes).toEqual([expect.stringContaining('28 KB')]);
  },
);
