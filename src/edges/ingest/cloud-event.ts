import { parseJson } from '../../domain/exact-json';
import { z } from 'zod';
import { Instant } from '../../domain/instant';
import { formatPlace } from '../../domain/definition/place';
import { assertStorable } from '../../domain/entities/storable';
import { FermataError } from '../../domain/errors';
import { explain, findingsOf } from '../../domain/validation/explain';
import { refusal } from './refusal';

const Text = z.string().min(1);

/** Schema of a CloudEvent 1.0 with its context attributes. Other attributes are extensions. */
const CloudEventSchema = z
  .looseObject({
    specversion: z.literal('1.0', { error: 'must be "1.0"' }),
    id: Text,
    source: Text,
    type: Text,
    subject: Text.optional(),
    time: Instant.optional(),
    datacontenttype: Text.optional(),
    dataschema: Text.optional(),
    data: z.unknown().optional(),
    data_base64: z.base64().optional(),
  })
  .superRefine((event, context) => {
    for (const [name, value] of Object.entries(event)) {
      if (Object.hasOwn(CloudEventSchema.shape, name)) continue;
      const path = [name];
      if (!/^[a-z0-9]+$/.test(name)) {
        context.addIssue({
          code: 'custom',
          path,
          message: 'names of attributes must consist of lower-case letters and digits',
        });
      } else if (typeof value === 'object' && value !== null) {
        context.addIssue({ code: 'custom', path, message: 'an extension must be a string, a number, true or false' });
      }
    }
  });
export type CloudEvent = z.infer<typeof CloudEventSchema>;

const isJson = (contentType: string | undefined) => contentType === undefined || /[/+]json\b/i.test(contentType);

/**
 * Parses an event in JSON format.
 * @throws {FermataError} `validation_failed` or `invalid_text`, with the index in a batch; `malformed_body` when
 * `data_base64` does not contain the JSON that the content type declares
 */
export function toCloudEvent(input: unknown, index?: number): CloudEvent {
  const prefix = index === undefined ? [] : [index];
  // In the JSON format, a null attribute counts as absent.
  const given =
    typeof input === 'object' && input !== null && !Array.isArray(input)
      ? Object.fromEntries(Object.entries(input).filter(([name, value]) => value !== null || name === 'data'))
      : input;
  const parsed = explain(CloudEventSchema, given);
  if (!parsed.success) throw refusal('Event', findingsOf(parsed.problems, prefix), index);
  assertStorable(parsed.data, formatPlace(prefix));
  return decodeData(parsed.data);
}

/**
 * Decodes the data of an event. Base64 data with a JSON content type becomes `data`; other data remains unchanged.
 * @throws {FermataError} `malformed_body` when the data is not the JSON that its content type declares
 */
function decodeData(event: CloudEvent): CloudEvent {
  if (event.data_base64 === undefined || event.datacontenttype === undefined || !isJson(event.datacontenttype))
    return event;
  const { data_base64: encoded, ...rest } = event;
  try {
    const data = parseJson(Buffer.from(encoded, 'base64').toString('utf8'));
    assertStorable(data, 'data');
    return { ...rest, data };
  } catch (cause) {
    throw new FermataError('malformed_body', 'data_base64 is not JSON, although datacontenttype says so', {
      cause,
    });
  }
}
