import { z } from 'zod';

const ReadyMessage = z.object({ fermata: z.literal('ready') });

/** Notifies the `fermata dev` that started this process, if one did, that this process is ready. */
export function announceReady(): void {
  process.send?.({ fermata: 'ready' } satisfies z.infer<typeof ReadyMessage>);
}

/** Returns whether a child's message is that of `announceReady`. */
export function isReadyMessage(message: unknown): boolean {
  return ReadyMessage.safeParse(message).success;
}
