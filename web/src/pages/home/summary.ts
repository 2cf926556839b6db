// What the overview tells at a glance, all of it as the server counts it.

import { api, type ApiResult, type Meter } from '../../lib/api';

const METERS_SHOWN = 6;

export interface SummaryData {
  meters: Meter[]; // the first few, to look at
  metersTotal: number;
  newest: string | null; // the instant of the newest reading of all meters
  areas: number;
  regions: number;
  timezone: string; // of the site
}

export async function loadSummary(signal: AbortSignal): Promise<ApiResult<SummaryData>> {
  const [config, page] = await Promise.all([api.config({ signal }), api.meters({ limit: METERS_SHOWN }, { signal })]);
  if (config.error) return config;
  if (page.error) return page;
  const { meters: metersTotal, newest_reading: newest, regions, timezone } = config.data;
  const areas = regions.reduce((count, region) => count + region.areas.length, 0);
  return { data: { meters: page.data.meters, metersTotal, newest, areas, regions: regions.length, timezone } };
}
