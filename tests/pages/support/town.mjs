// The meters of these tests, each with something to show. Half-hourly registers, energies in whole milliwatt-hours, so that
// every sum can be told independently of the program.

const HALF_HOUR_MS = 30 * 60_000;
const SITE_OFFSET_MS = 8 * 3600_000; // Asia/Singapore has no daylight saving
const DAYS = 45;
const KWH = 1_000_000;

export const METERS = {
  whole: '100000001', // every reading of 45 days up to now
  gaps: '100000002', // readings missing around midnight, and in the middle of a day
  silent: '100000003', // registered, never a reading
  old: '100000004', // its newest reading is 20 days old
  both: '100000005', // import and export
  ends: '100000006', // only the readings at the midnights four, three and two days ago
  due: '100000007', // its newest reading is one half-hour late
  away: '100000008', // no reading from noon four days ago to noon two days ago
};

export function halfHourStart(now = Date.now()) {
  return Math.floor(now / HALF_HOUR_MS) * HALF_HOUR_MS;
}

// The local midnight that lies `days` before today's.
export function siteMidnight(days = 0) {
  const today = Math.floor((Date.now() + SITE_OFFSET_MS) / 86_400_000) - days;
  return today * 86_400_000 - SITE_OFFSET_MS;
}

export function siteDate(instant) {
  return new Date(instant + SITE_OFFSET_MS).toISOString().slice(0, 10);
}

// Used in the half-hour that begins at `start`, mWh: more in the evening, never the same twice in a row.
export function energy(start) {
  const halfHour = Math.floor(((start + SITE_OFFSET_MS) % 86_400_000) / HALF_HOUR_MS);
  const evening = halfHour >= 36 && halfHour < 46 ? 300_000 : 0;
  return 120_000 + evening + (halfHour % 7) * 10_001;
}

// kWh used in [from, to), both on half-hours.
export function energyBetween(from, to) {
  let sum = 0;
  for (let start = from; start < to; start += HALF_HOUR_MS) sum += energy(start);
  return sum / KWH;
}

function readings(meter_id, from, to, { keep = () => true, channel = 'import' } = {}) {
  const rows = [];
  let register = 4_000 * KWH;
  for (let at = from; at <= to; at += HALF_HOUR_MS) {
    if (keep(at)) rows.push({ meter_id, at: new Date(at).toISOString(), register: register / KWH, channel });
    register += energy(at);
  }
  return rows;
}

// Without the readings around the midnight three days ago, and without ten at noon two days ago.
function withGaps(at) {
  const midnight = siteMidnight(3);
  const noon = siteMidnight(2) + 24 * HALF_HOUR_MS;
  const within = (start, count) => at >= start && at < start + count * HALF_HOUR_MS;
  return !within(midnight - 2 * HALF_HOUR_MS, 5) && !within(noon, 10);
}

// Without those around the whole day three days ago.
function withoutDay(at) {
  return at <= siteMidnight(4) + 24 * HALF_HOUR_MS || at >= siteMidnight(2) + 24 * HALF_HOUR_MS;
}

export async function fillTown(server) {
  const { regions, dwelling_types } = await server.get('/api/v1/config');
  const ids = Object.values(METERS);
  for (const [index, meter_id] of ids.entries()) {
    const region = regions[index % regions.length];
    const dwelling_type = dwelling_types[index % dwelling_types.length];
    await server.post('/api/v1/meters', { meter_id, region: region.name, area: region.areas[0], dwelling_type });
  }
  const first = siteMidnight(DAYS);
  const last = halfHourStart();
  const rows = [
    ...readings(METERS.whole, first, last),
    ...readings(METERS.gaps, first, last, { keep: withGaps }),
    ...readings(METERS.old, first, siteMidnight(20)),
    ...readings(METERS.ends, siteMidnight(4), siteMidnight(2), { keep: (at) => at % 86_400_000 === siteMidnight(0) % 86_400_000 }),
    ...readings(METERS.due, first, last - HALF_HOUR_MS),
    ...readings(METERS.away, first, last, { keep: withoutDay }),
    ...readings(METERS.both, first, last),
    ...readings(METERS.both, first, last, { channel: 'export' }),
  ];
  const counts = await server.post('/api/v1/readings', rows);
  if (counts.accepted !== rows.length) throw new Error(`the readings were not taken: ${JSON.stringify(counts)}`);
}
