// /query/: the numbers of the page are the numbers of the API, for every period, range and direction.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { launch, text, withPage } from './support/browser.mjs';
import { startServer } from './support/server.mjs';
import { energyBetween, fillTown, METERS, siteDate, siteMidnight } from './support/town.mjs';

let server;
let browser;

before(async () => {
  server = await startServer();
  await fillTown(server);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const isConsumption = (response) => response.url().includes('/consumption?');

// Opens a query and answers what the API said to it.
async function ask(page, search) {
  const answered = page.waitForResponse(isConsumption);
  await page.goto(`${server.base}/query/?${search}`);
  const answer = await (await answered).json();
  await page.getByTestId('answer').waitFor();
  return answer;
}

const values = (locator) => locator.evaluateAll((nodes) => nodes.map((node) => node.getAttribute('value')));

async function assertShows(page, answer) {
  assert.deepEqual(await values(page.getByTestId('answer').locator('data')), [String(answer.total)]);
  assert.deepEqual(await values(page.locator('tfoot data')), [String(answer.total)]);
  const cells = await page.locator('tbody tr').evaluateAll((rows) =>
    rows.map((row) => row.querySelector('data')?.getAttribute('value') ?? null),
  );
  assert.deepEqual(cells, answer.values.map((value) => (value.consumption === null ? null : String(value.consumption))));
  await assertAddsUp(page);
  if (answer.values.length > 1) await assertDrawn(page, answer);
}

// As a reader with pencil and paper would: the digits that are shown, not the attributes.
async function assertAddsUp(page) {
  const shown = async (locator) => (await locator.allInnerTexts()).map((digits) => digits.replaceAll(',', ''));
  const rows = await shown(page.locator('tbody data'));
  const [total] = await shown(page.locator('tfoot data'));
  assert.deepEqual(await shown(page.getByTestId('answer').locator('data')), [total]);
  const places = (digits) => digits.split('.')[1]?.length ?? 0;
  assert.deepEqual([...new Set(rows.map(places))], [places(total)]);
  const counted = (digits) => BigInt(digits.replace('.', ''));
  assert.equal(rows.map(counted).reduce((sum, row) => sum + row), counted(total));
}

// The bars as drawn: as many as there are numbers above 0, and as high as the numbers say.
async function assertDrawn(page, answer) {
  await page.locator('[role=img] svg').waitFor();
  const bars = await page.locator('[role=img]').evaluate((chart) => {
    const style = getComputedStyle(chart);
    const fills = ['--bar', '--bar-estimated', '--bar-suspect'].map((name) => style.getPropertyValue(name).trim());
    return [...chart.querySelectorAll('path')]
      .filter((path) => fills.includes(path.getAttribute('fill')))
      .map((path) => path.getBoundingClientRect())
      .sort((a, b) => a.x - b.x)
      .map((box) => ({ height: box.height, bottom: box.bottom }));
  });
  const energies = answer.values.map((value) => value.consumption).filter((kwh) => kwh !== null);
  assert.equal(bars.length, energies.length);
  const scale = Math.max(...bars.map((bar) => bar.height)) / Math.max(...energies);
  bars.forEach((bar, index) => {
    assert.ok(Math.abs(bar.height - energies[index] * scale) < 1.5, `bar ${index}: ${bar.height} px for ${energies[index]} kWh`);
    assert.ok(Math.abs(bar.bottom - bars[0].bottom) < 1, 'bars stand on zero');
  });
}

for (const [period, step, length] of [
  ['30m', '30min', 1],
  ['1d', '30min', 48],
  ['1w', 'day', 7],
  ['1m', 'day', 30],
  ['1y', 'month', 12],
]) {
  test(`period ${period}: sentence, bars and table are the API's numbers`, () =>
    withPage(browser, {}, async (page) => {
      const answer = await ask(page, `meter=${METERS.whole}&period=${period}`);
      assert.equal(answer.step, step);
      assert.equal(answer.values.length, length);
      assert.match(await text(page.getByTestId('answer')), /^You used [\d.,]+ kWh in the (latest half-hour|24 hours|last)/);
      await assertShows(page, answer);
    }));
}

test('the last 12 months end today', () =>
  withPage(browser, {}, async (page) => {
    await ask(page, `meter=${METERS.whole}&period=1y`);
    const today = new Date(Date.parse(siteDate(siteMidnight(0))));
    const said = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(today);
    assert.ok((await text(page.getByTestId('answer'))).endsWith(`${said}.`));
  }));

test('a day on its own dates is what was used on it, to the last digit', () =>
  withPage(browser, {}, async (page) => {
    const day = siteDate(siteMidnight(1));
    const answer = await ask(page, `meter=${METERS.whole}&first=${day}&last=${day}`);
    assert.equal(answer.total, energyBetween(siteMidnight(1), siteMidnight(0)));
    await assertShows(page, answer);
    assert.equal(await text(page.getByTestId('trust')), 'Complete');
    await page.locator('dl').getByText('48 of 48 readings').waitFor();
  }));

test('an estimated day is hatched and said, a gap inside a day leaves its sum exact', () =>
  withPage(browser, {}, async (page) => {
    const first = siteDate(siteMidnight(4));
    const last = siteDate(siteMidnight(1));
    const answer = await ask(page, `meter=${METERS.gaps}&first=${first}&last=${last}`);
    assert.deepEqual(answer.values.map((value) => value.quality), ['estimated', 'estimated', 'actual', 'actual']);
    assert.equal(answer.total, energyBetween(siteMidnight(4), siteMidnight(0)));
    await assertShows(page, answer);
    assert.deepEqual(await page.locator('tbody .quality').allInnerTexts(), ['Partly estimated', 'Partly estimated', 'Sum measured, times within estimated', 'Measured']);
    const cells = await page.locator('tbody tr td:last-child').allInnerTexts();
    assert.deepEqual(
      cells.map((cell) => cell.replace(/\s+/g, ' ')),
      answer.values.map((value) => `${value.found} of ${value.expected}${value.estimated ? ` ${value.estimated} estimated` : ''}`),
    );
    assert.deepEqual(await page.locator('.legend li').allInnerTexts(), ['Measured', 'Sum measured, times within estimated', 'Partly or wholly estimated']);
    assert.equal(await page.locator('[role=img] svg pattern').count() > 0, true, 'hatched');
    assert.equal(await text(page.getByTestId('trust')), 'Exact, with gaps inside');
    await page.locator('dl').getByText(`${answer.completeness.found} of ${answer.completeness.expected} readings`).waitFor();
  }));

test('“partly estimated” is what a part of is estimated, and nothing else', () =>
  withPage(browser, {}, async (page) => {
    const day = (days) => siteDate(siteMidnight(days));
    const whole = await ask(page, `meter=${METERS.away}&first=${day(3)}&last=${day(3)}`);
    assert.equal(whole.completeness.estimated, whole.completeness.expected);
    assert.equal(await text(page.getByTestId('trust')), 'Estimated');
    await page.getByText('kWh estimated (100%)').waitFor();
    const part = await ask(page, `meter=${METERS.away}&first=${day(4)}&last=${day(3)}`);
    assert.equal(part.quality, 'estimated');
    assert.equal(await text(page.getByTestId('trust')), 'Partly estimated');
    await ask(page, `meter=${METERS.away}&first=${day(4)}&last=${day(2)}`);
    assert.deepEqual(await page.locator('tbody .quality').allInnerTexts(), ['Partly estimated', 'Estimated', 'Partly estimated']);
  }));

for (const { lang, trust, due, gap } of [
  { lang: 'en', trust: 'Complete so far', due: 'Still to come', gap: 'A gap: no readings' },
  { lang: 'zh', trust: '截至目前完整', due: '尚未到达', gap: '空缺：没有读数' },
]) {
  test(`a reading that is still to come is no gap, ${lang}`, () =>
    withPage(browser, { lang }, async (page) => {
      const { completeness, values } = await ask(page, `meter=${METERS.due}&period=1d`);
      const count = completeness.expected - completeness.found;
      assert.ok(count > 0);
      assert.equal(await text(page.getByTestId('trust')), trust);
      await page.getByText(lang === 'en' ? `${count} still to come` : `还有 ${count} 个尚未到达`).waitFor();
      const qualities = await page.locator('tbody .quality').allInnerTexts();
      assert.deepEqual(qualities.slice(-count - 1), [qualities[0], ...Array(count).fill(due)]);
      assert.equal(qualities.filter((quality) => quality === due).length, values.filter((value) => value.consumption === null).length);
      await page.locator('[role=img] svg path[stroke-dasharray]').first().waitFor(); // a frame stands in its place
      assert.deepEqual((await page.locator('.legend li').allInnerTexts()).filter((name) => name === due || name === gap), [due]);
    }));
}

test('a sum over days without readings inside: words and bars say that only the sum is measured', () =>
  withPage(browser, {}, async (page) => {
    const answer = await ask(page, `meter=${METERS.ends}&first=${siteDate(siteMidnight(3))}&last=${siteDate(siteMidnight(3))}`);
    assert.equal(answer.quality, 'actual');
    assert.equal(await text(page.getByTestId('trust')), 'Sum measured, times within mostly estimated');
    assert.equal(await page.locator('.verdict.exact').count(), 0, 'no green tick');
    await page.getByText('(100%) was used is estimated; the sum is measured').waitFor();
    assert.deepEqual(await page.locator('.legend li').allInnerTexts(), ['Partly or wholly estimated']);

    await ask(page, `meter=${METERS.ends}&first=${siteDate(siteMidnight(4))}&last=${siteDate(siteMidnight(2))}`);
    const label = 'Sum measured, times within estimated';
    assert.deepEqual(await page.locator('.legend li').allInnerTexts(), [label, 'A gap: no readings']);
    assert.deepEqual(await page.locator('tbody .quality').allInnerTexts(), [label, label, 'Missing']);
    assert.equal(await text(page.getByTestId('trust')), 'Incomplete');
    await page.getByText('(100%) was used is estimated; the sum is measured').waitFor();
    await page.locator('[role=img] svg path[stroke-dasharray]').first().waitFor(); // the gap has its frame
  }));

test('a value that is covered in part says which', () =>
  withPage(browser, {}, async (page) => {
    const answer = await ask(page, `meter=${METERS.old}&period=1y`);
    await page.locator('tbody tr').nth(answer.values.length - 1).waitFor();
    const marked = await page.locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.innerText.includes('Covers only')));
    const inPart = ({ from, to, covered_from, covered_to }) => covered_to !== null && (covered_from !== from || covered_to !== to);
    assert.deepEqual(marked, answer.values.map(inPart));
  }));

test('the other direction of the same meter', () =>
  withPage(browser, {}, async (page) => {
    await ask(page, `meter=${METERS.both}&period=1d`);
    const answered = page.waitForResponse((response) => isConsumption(response) && response.url().includes('channel=export'));
    await page.getByLabel('Direction').selectOption('export');
    const answer = await (await answered).json();
    await page.getByText('You fed in').waitFor();
    assert.match(page.url(), /channel=export/);
    await assertShows(page, answer);
  }));

test('the form asks, the link keeps it, back and forward work', () =>
  withPage(browser, {}, async (page) => {
    await page.goto(`${server.base}/query/`);
    await page.getByLabel('Meter number').fill(METERS.whole);
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByText('in the 24 hours up to').waitFor();
    assert.equal(new URL(page.url()).search, `?meter=${METERS.whole}&period=1d`);

    await page.getByRole('button', { name: 'Week' }).click();
    await page.getByText('in the last 7 days').waitFor();
    assert.equal(new URL(page.url()).search, `?meter=${METERS.whole}&period=1w`);

    await page.getByRole('button', { name: 'Own dates' }).click();
    await page.getByLabel('First day').fill('2020-05-02');
    await page.getByLabel('Last day').fill('2020-05-01');
    await page.getByText('The last day lies before the first').waitFor();
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    assert.equal(new URL(page.url()).search, `?meter=${METERS.whole}&period=1w`, 'not asked');
    const [first, last] = [siteDate(siteMidnight(3)), siteDate(siteMidnight(1))];
    await page.getByLabel('First day').fill(first);
    await page.getByLabel('Last day').fill(last);
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.waitForURL(`**/query/?meter=${METERS.whole}&first=${first}&last=${last}`);
    await page.locator('tbody tr').nth(2).waitFor();

    await page.goBack();
    await page.getByText('in the last 7 days').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Week' }).getAttribute('aria-pressed'), 'true');
    await page.goBack();
    await page.getByText('in the 24 hours up to').waitFor();
    await page.goForward();
    await page.getByText('in the last 7 days').waitFor();
    await page.reload();
    await page.getByText('in the last 7 days').waitFor();
    assert.equal(await page.getByLabel('Meter number').inputValue(), METERS.whole);
  }));

test('a row of the table leads closer: month, days, half-hours', () =>
  withPage(browser, {}, async (page) => {
    await ask(page, `meter=${METERS.whole}&period=1y`);
    await page.locator('tbody a').nth(10).click();
    await page.getByText('Energy per day').first().waitFor();
    await page.locator('tbody a').last().click();
    await page.getByText('Energy per half-hour').first().waitFor();
    assert.equal(await page.locator('tbody tr').count(), 48);
    assert.equal(await page.locator('tbody a').count(), 0);
  }));

test('a bar leads closer', () =>
  withPage(browser, {}, async (page) => {
    await ask(page, `meter=${METERS.whole}&period=1w`);
    const chart = page.locator('[role=img]');
    await chart.locator('svg').waitFor();
    await chart.click(); // in its middle stands the fourth of seven bars
    const day = siteDate(siteMidnight(3));
    await page.waitForURL(`**/query/?meter=${METERS.whole}&first=${day}&last=${day}`);
  }));

test('the file holds what is shown, as the API gave it', () =>
  withPage(browser, {}, async (page) => {
    const answer = await ask(page, `meter=${METERS.gaps}&period=1m`);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    assert.match(download.suggestedFilename(), new RegExp(`^consumption_${METERS.gaps}_import_[-0-9]+_[-0-9]+_day\\.csv$`));
    const rows = (await readFile(await download.path(), 'utf8')).trimEnd().split('\r\n');
    assert.equal(rows[0], 'from,to,consumption_kwh,quality,readings_expected,readings_found,intervals_estimated,covered_from,covered_to');
    assert.deepEqual(
      rows.slice(1),
      answer.values.map((value) =>
        [value.from, value.to, value.consumption, value.quality, value.expected, value.found, value.estimated, value.covered_from, value.covered_to]
          .map((cell) => cell ?? '')
          .join(','),
      ),
    );
  }));

test('the site’s times and numbers in any zone of the browser', async () => {
  const seen = [];
  const [first, last] = [siteDate(siteMidnight(4)), siteDate(siteMidnight(3))];
  for (const zone of ['Asia/Singapore', 'Pacific/Kiritimati', 'America/Los_Angeles', 'Asia/Kathmandu']) {
    await withPage(browser, { zone }, async (page) => {
      await ask(page, `meter=${METERS.whole}&first=${first}&last=${last}`);
      seen.push([await text(page.getByTestId('answer')), await text(page.locator('table')), await text(page.locator('dl div').nth(1))]);
    });
  }
  assert.match(seen[0][1], /00:00–00:30/);
  for (const other of seen.slice(1)) assert.deepEqual(other, seen[0]);
});
