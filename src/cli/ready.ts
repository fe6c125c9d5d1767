import { z } from 'zod';

const ReadyMessage = z.object({ fermata: z.literal('ready') });

/** Notifies the parent `fermata dev`, if there is one, that this process is ready. */
export function announceReady(): void {
  process.send?.({ fermata: 'ready' } satisfies z.infer<typeof ReadyMessage>);
}

/** Returns whether a message from a child process was sent by `announceReady`. */
export function isReadyMessage(message: unknown): boolean {
  return ReadyMessage.safeParse(message).success;
}
