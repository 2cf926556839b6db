// /query/ of sites whose clock is changed: every row can be told from every other; and of one whose half-hours are none of UTC’s.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, assertFits, launch, NARROW, settled, text, withPage } from './support/browser.mjs';
import { startServer } from './support/server.mjs';

const METER = '100000001';
// Each ends with another half-hour around the change: its newest reading, the half-hour, and the reading's time.
const ENDS = {
  100000002: ['2012-10-28T00:30:00Z', '01:00–01:30 UTC+1', '01:30 UTC+1'],
  100000003: ['2012-10-28T01:00:00Z', '01:30 UTC+1 – 01:00 UTC+0', '01:00 UTC+0'],
  100000004: ['2012-10-28T01:30:00Z', '01:00–01:30 UTC+0', '01:30 UTC+0'],
  100000005: ['2012-10-29T01:30:00Z', '01:00–01:30', '01:30'],
};
const HALF_HOUR_MS = 30 * 60_000;

let server;
let browser;

function readings(from, to, meter_id = METER) {
  const count = (Date.parse(to) - Date.parse(from)) / HALF_HOUR_MS;
  return Array.from({ length: count + 1 }, (_, index) => ({
    meter_id,
    at: new Date(Date.parse(from) + index * HALF_HOUR_MS).toISOString(),
    register: Date.parse(from) / 1e9 + index / 4,
  }));
}

before(async () => {
  server = await startServer({ timezone: 'Europe/London' });
  const { regions, dwelling_types } = await server.get('/api/v1/config');
  const place = { region: regions[0].name, area: regions[0].areas[0], dwelling_type: dwelling_types[0] };
  await server.post('/api/v1/meters', [METER, ...Object.keys(ENDS)].map((meter_id) => ({ meter_id, ...place })));
  await server.post('/api/v1/readings', [
    ...readings('2012-10-26T23:00:00Z', '2012-10-30T00:00:00Z'),
    ...readings('2013-03-30T00:00:00Z', '2013-04-01T23:00:00Z'),
    ...Object.entries(ENDS).flatMap(([meter, [newest]]) => readings('2012-10-27T23:00:00Z', newest, meter)),
  ]);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const times = async (page) =>
  (await page.locator('tbody th').allInnerTexts()).map((label) => label.replace(/\u2060/g, '').replace(/\s+/g, ' ').trim());

for (const [day, count, first, rows] of [
  ['2012-10-28', 50, 1, ['28 Oct 00:30–01:00 UTC+1', '28 Oct 01:00–01:30 UTC+1', '28 Oct 01:30 UTC+1 – 01:00 UTC+0', '28 Oct 01:00–01:30 UTC+0']],
  ['2013-03-31', 46, 0, ['31 Mar 00:00–00:30 UTC+0', '31 Mar 00:30 UTC+0 – 02:00 UTC+1', '31 Mar 02:00–02:30 UTC+1']],
]) {
  for (const viewport of [undefined, NARROW]) {
    test(`${day} has ${count} half-hours, each with its offset, ${viewport?.width ?? 1280} px`, () =>
      withPage(browser, { viewport }, async (page) => {
        await page.goto(`${server.base}/query/?meter=${METER}&first=${day}&last=${day}`);
        await settled(page);
        const seen = await times(page);
        assert.equal(seen.length, count);
        assert.equal(new Set(seen).size, count, 'no two rows are named alike');
        assert.deepEqual(seen.slice(first, first + rows.length), rows);
        await assertFits(page);
        await assertAccessible(page);
      }));
  }
}

for (const lang of ['en', 'zh']) {
  test(`the latest half-hour has its offset, as in the table, ${lang}`, () =>
    withPage(browser, { lang, viewport: NARROW }, async (page) => {
      for (const [meter, [, range, newest]] of Object.entries(ENDS)) {
        await page.goto(`${server.base}/query/?meter=${meter}&period=30m`);
        await settled(page);
        const sentence = await text(page.getByTestId('answer'));
        assert.ok(sentence.includes(lang === 'en' ? `2012, ${range}.` : `日 ${range}）`), sentence);
        assert.ok((await times(page))[0].endsWith(range));
        assert.ok((await page.locator('dl div').nth(2).locator('dd').nth(1).innerText()).endsWith(newest));
        await assertFits(page);
      }
    }));
}

test('the days beside it need no offset', () =>
  withPage(browser, { lang: 'zh' }, async (page) => {
    await page.goto(`${server.base}/query/?meter=${METER}&first=2012-10-29&last=2012-10-29`);
    await settled(page);
    assert.equal((await times(page))[0], '10月29日 00:00–00:30');
    assert.doesNotMatch(await text(page.locator('tbody')), /UTC/);
  }));

test('a day whose midnight the clock jumps over can be asked for', async () => {
  const other = await startServer({ timezone: 'America/Sao_Paulo' });
  try {
    const { regions, dwelling_types } = await other.get('/api/v1/config');
    await other.post('/api/v1/meters', { meter_id: METER, region: regions[0].name, area: regions[0].areas[0], dwelling_type: dwelling_types[0] });
    await other.post('/api/v1/readings', readings('2018-11-03T03:00:00Z', '2018-11-06T02:00:00Z'));
    await withPage(browser, {}, async (page) => {
      for (const [first, last, rows] of [['2018-11-04', '2018-11-04', 46], ['2018-11-03', '2018-11-03', 48], ['2018-11-03', '2018-11-05', 3]]) {
        await page.goto(`${other.base}/query/?meter=${METER}&first=${first}&last=${last}`);
        await settled(page);
        assert.equal(await page.locator('tbody tr').count(), rows);
        assert.equal(await text(page.getByTestId('trust')), 'Complete');
      }
    });
  } finally {
    await other.stop();
  }
});

test('the last 24 hours are 48 half-hours of the site’s clock, also where they are none of UTC’s', async () => {
  const other = await startServer({ timezone: 'Asia/Kathmandu' });
  try {
    const { regions, dwelling_types } = await other.get('/api/v1/config');
    await other.post('/api/v1/meters', { meter_id: METER, region: regions[0].name, area: regions[0].areas[0], dwelling_type: dwelling_types[0] });
    const ahead = 5.75 * 2 * HALF_HOUR_MS;
    const newest = Math.floor((Date.now() + ahead) / HALF_HOUR_MS) * HALF_HOUR_MS - ahead;
    await other.post('/api/v1/readings', readings(new Date(newest - 60 * HALF_HOUR_MS).toISOString(), new Date(newest).toISOString()));
    await withPage(browser, {}, async (page) => {
      await page.goto(`${other.base}/query/?meter=${METER}&period=1d`);
      await settled(page);
      const seen = await times(page);
      assert.equal(seen.length, 48);
      assert.deepEqual(seen.filter((label) => !/ \d\d:[03]0–\d\d:[03]0$/.test(label)), []);
    });
  } finally {
    await other.stop();
  }
});
