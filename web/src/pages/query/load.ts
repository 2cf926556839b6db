// Everything /query/ shows of a selection, fetched together.

import {
  api,
  serverNow,
  type ApiResult,
  type Consumption,
  type LatestReading,
  type Meter,
} from '../../lib/api';
import { cleanMeterId } from '../../lib/meter-id';
import { planFor, type Selection } from '../../lib/selection';

export interface Usage {
  selection: Selection; // what was asked
  meter: Meter;
  latest: LatestReading | null; // null: no reading ever
  answer: Consumption | null; // null: nothing to ask about without a reading
  now: Date; // the server's, when it was asked
}

export async function loadUsage(selection: Selection, timezone: string, signal: AbortSignal): Promise<ApiResult<Usage>> {
  const meter_id = cleanMeterId(selection.meterId);
  const { channel, span } = selection;
  const [meter, latest] = await Promise.all([api.meter(meter_id, { signal }), latestOrNone(meter_id, selection, signal)]);
  if (meter.error) return meter;
  if (latest.error) return latest;
  const now = serverNow();
  const whole = { selection, meter: meter.data, latest: latest.data, now };
  const plan = latest.data && planFor(span, now, timezone, new Date(latest.data.at));
  if (!plan) return { data: { ...whole, answer: null } };
  const answer = await api.consumption({ meter_id, channel, ...plan }, { signal });
  return answer.error ? answer : { data: { ...whole, answer: answer.data } };
}

// A registered meter without a reading has no latest one: that is no failure.
async function latestOrNone(
  meter_id: string,
  { channel }: Selection,
  signal: AbortSignal,
): Promise<ApiResult<LatestReading | null>> {
  const latest = await api.latest(meter_id, channel, { signal });
  return latest.error?.kind === 'not-found' ? { data: null } : latest;
}

// No register bounds any part of what was asked.
export function isEmpty(answer: Consumption): boolean {
  return answer.total === null && answer.values.every((value) => value.consumption === null);
}
