import { z } from 'zod';
import type { Egress } from '../../edges/egress/egress';
import { httpFailure } from '../../edges/egress/http-failure';
import type { CallingAction } from '../contract';
import { SlackConnection, type SlackClient } from './client';

const Text = z.string().trim().min(1);
const TIMEOUT_MS = 60_000;
const Config = z.strictObject({
  connectionId: Text,
  channel: Text.describe('Id of a channel'),
  filename: Text.max(255),
  content: z.string().min(1),
  comment: Text.optional().describe('Message that introduces the file'),
});
const Upload = z.looseObject({ upload_url: z.url(), file_id: z.string() });
const Uploaded = z.object({ fileId: z.string() });

/**
 * Creates the action `integration-slack.upload_file`. It requests an upload URL, sends the bytes to it and shares the
 * file, as described at https://docs.slack.dev/reference/methods/files.getUploadURLExternal. A repeated attempt shares
 * the file that an earlier attempt has uploaded.
 */
export function createUploadFile(slack: SlackClient, egress: Egress): CallingAction<z.infer<typeof Config>> {
  return {
    id: 'upload_file',
    displayName: 'Upload to Slack',
    description: 'Shares text as a file in a channel.',
    configSchema: Config,
    connection: 'slack',
    produces: { name: 'file', schema: z.object({ id: z.string() }) },
    execution: 'call',
    timeoutMs: () => TIMEOUT_MS,
    async execute({ config, connection, now, signal, timeoutMs, progress }) {
      const account = SlackConnection.parse(connection);
      const call = { signal, now, timeoutMs };
      const { channel, filename, content, comment } = config;
      const earlier = Uploaded.safeParse(await progress.read());
      let id = earlier.data?.fileId;
      if (id === undefined) {
        const body = Buffer.from(content);
        const form = { filename, length: String(body.length) };
        const target = await slack(account, call, 'files.getUploadURLExternal', { form }, Upload);
        const headers = { 'Content-Type': 'application/octet-stream' };
        const response = await egress.send({
          ...{ url: target.upload_url, method: 'POST', headers, body, signal, timeoutMs },
        });
        if (response.status < 200 || response.status > 299) throw httpFailure(response, { now });
        id = target.file_id;
        await progress.write({ fileId: id });
      }
      const json = {
        ...{ files: [{ id, title: filename }], channel_id: channel },
        ...(comment !== undefined && { initial_comment: comment }),
      };
      await slack(account, call, 'files.completeUploadExternal', { json }, z.unknown());
      return { output: { id }, artifact: { id } };
    },
  };
}
