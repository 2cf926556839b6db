// What a person sees when there is nothing to show: no meter, an unknown one, no reading, no connection, maintenance.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAccessible, assertFits, launch, NARROW, text, withPage } from './support/browser.mjs';
import { startServer } from './support/server.mjs';
import { fillTown, halfHourStart, METERS, siteDate, siteMidnight } from './support/town.mjs';

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

const provoked = { errorsExpected: true };
const open = (page, search = '') => page.goto(`${server.base}/query/${search}`);

function maintenance(route) {
  const detail = 'Server is in maintenance mode. Please try again later.';
  const problem = { type: 'about:blank', title: 'Service Unavailable', status: 503, detail };
  return route.fulfill({
    status: 503,
    headers: { 'Retry-After': '2' },
    contentType: 'application/problem+json',
    body: JSON.stringify(problem),
  });
}

test('no meter yet: a few to pick from', () =>
  withPage(browser, {}, async (page) => {
    await open(page);
    await page.getByText('Which meter?').waitFor();
    await page.getByRole('link', { name: /^100 000 001/ }).click();
    await page.getByText('You used').waitFor();
    assert.equal(new URL(page.url()).search, `?meter=${METERS.whole}&period=1d`);
  }));

test('what is not a meter number is not asked for', () =>
  withPage(browser, {}, async (page) => {
    await open(page, '?meter=12ab&period=1w');
    await page.getByText('“12ab” is not a meter number').waitFor();
    assert.equal(await page.getByLabel('Meter number').getAttribute('aria-invalid'), 'true');
    await assertAccessible(page);
  }));

for (const [search, title] of [
  ['first=2026-03-10&last=2026-03-01', 'The last day, 1 Mar 2026, lies before the first, 10 Mar 2026'],
  ['first=2026-02-30&last=2026-03-01', '“2026-02-30” is not a date'],
  ['first=2026-03-01', 'The link names only one of two days'],
  ['first=1960-01-01&last=2026-03-01', '1 Jan 1960 is too far away'],
  ['first=2026-03-01&last=2106-02-06', '6 Feb 2106 is too far away'],
  ['from=2026-03-10&to=2026-03-12', 'The link has a part that is not known: “from”'],
  ['Period=1w', 'The link has a part that is not known: “Period”'],
  ['period=zz', '“zz” is not a period'],
  ['channel=both', '“both” is not a direction'],
]) {
  test(`a link that cannot be asked: ${search}`, () =>
    withPage(browser, {}, async (page) => {
      const asked = [];
      page.on('request', (request) => asked.push(request.url()));
      await open(page, `?meter=${METERS.whole}&${search}`);
      await page.getByText(title).waitFor();
      assert.deepEqual(asked.filter((url) => url.includes('/consumption')), []);
      await assertAccessible(page);
      await page.getByRole('button', { name: 'Week' }).click();
      await page.getByText('in the last 7 days').waitFor();
      assert.equal(new URL(page.url()).search, `?meter=${METERS.whole}&period=1w`);
    }));
}

test('parts of a link that no page knows are left alone', () =>
  withPage(browser, {}, async (page) => {
    await open(page, `?utm_source=letter&meter=${METERS.whole}&period=1w&from=singlemessage&fbclid=x1`);
    await page.getByText('in the last 7 days').waitFor();
    await open(page, `?metre=${METERS.whole}`);
    await page.getByText('The link has a part that is not known: “metre”').waitFor();
  }));

// The server's words are English: none of them may be needed for what a reader can enter.
for (const { lang, notice, hint, days, labels, show } of [
  {
    lang: 'en',
    notice: '31 Dec 1969 is too far away',
    hint: 'Choose a day from 2 Jan 1970 to 5 Feb 2106',
    days: 'Days from 2 Jan 1970 to 5 Feb 2106 can be asked for.',
    labels: ['First day', 'Last day'],
    show: 'Show',
  },
  {
    lang: 'zh',
    notice: '1969年12月31日 超出可查询的范围',
    hint: '请选择 1970年1月2日 至 2106年2月5日 之间的日期',
    days: '可查询 1970年1月2日 至 2106年2月5日 之间的日期。',
    labels: ['开始日期', '结束日期'],
    show: '查询',
  },
]) {
  test(`days out of range are told by link and form, ${lang}`, () =>
    withPage(browser, { lang, viewport: NARROW }, async (page) => {
      const asked = [];
      page.on('request', (request) => asked.push(request.url()));
      await open(page, `?meter=${METERS.whole}&first=1969-12-31&last=2026-03-01`);
      await page.getByText(notice).waitFor();
      await page.getByText(days).waitFor();
      await page.getByText(hint).waitFor();
      assert.equal(await page.getByLabel(labels[0]).getAttribute('aria-invalid'), 'true');
      assert.doesNotMatch(await text(page.locator('body')), /The server|服务器/);
      await assertAccessible(page);
      await assertFits(page);

      await page.getByLabel(labels[0]).fill('2026-03-01');
      await page.getByLabel(labels[1]).fill('2106-02-06');
      await page.getByRole('button', { name: show, exact: true }).click();
      await page.locator('#last-day-error').getByText(hint).waitFor();
      assert.match(page.url(), /first=1969-12-31/);
      assert.deepEqual(asked.filter((url) => url.includes('/consumption')), []);
    }));
}

test('the first and the last day of all can be asked for', () =>
  withPage(browser, {}, async (page) => {
    await open(page, `?meter=${METERS.whole}&first=1970-01-02&last=2106-02-05`);
    await page.getByText('You used').waitFor();
    assert.equal(await page.locator('tbody tr').count(), 137);
  }));

test('an unknown meter can be registered from here', () =>
  withPage(browser, provoked, async (page) => {
    await open(page, '?meter=999999999&period=1w');
    await page.getByText('Meter 999 999 999 is not registered').waitFor();
    await assertAccessible(page);
    await page.getByRole('main').getByRole('link', { name: 'Register a meter' }).click();
    assert.equal(await page.getByLabel('Meter number').inputValue(), '999999999');
  }));

test('a meter that never sent a reading', () =>
  withPage(browser, provoked, async (page) => {
    for (const period of ['30m', '1d', '1y']) {
      await open(page, `?meter=${METERS.silent}&period=${period}`);
      await page.getByText('No reading has arrived yet').waitFor();
    }
    await assertAccessible(page);
  }));

test('nothing in this time: where the newest reading is', () =>
  withPage(browser, {}, async (page) => {
    await open(page, `?meter=${METERS.old}&period=1w`);
    await page.getByText('No consumption is known for this time').waitFor();
    await assertAccessible(page);
    await page.getByRole('link', { name: 'Show the same length of time up to there' }).click();
    await page.getByText('You used').waitFor();
    const [first, last] = [siteDate(siteMidnight(27)), siteDate(siteMidnight(21))];
    assert.equal(new URL(page.url()).search, `?meter=${METERS.old}&first=${first}&last=${last}`);
    assert.equal(await page.locator('tbody tr').count(), 7);
    await page.getByText('Late', { exact: true }).waitFor();
  }));

test('part of the time only: the number says so', () =>
  withPage(browser, {}, async (page) => {
    await open(page, `?meter=${METERS.old}&first=${siteDate(siteMidnight(22))}&last=${siteDate(siteMidnight(18))}`);
    await page.getByText('You used').waitFor();
    assert.equal(await text(page.getByTestId('trust')), 'Incomplete');
    await page.getByText('The number is for this part of the time asked for').waitFor();
    assert.deepEqual(
      await page.locator('tbody .quality').allInnerTexts(),
      ['Measured', 'Measured', 'Missing', 'Missing', 'Missing'],
    );
    await page.getByText('A gap: no readings').waitFor();
  }));

test('no connection from the start, and back by itself', () =>
  withPage(browser, provoked, async (page) => {
    await page.route('**/api/**', (route) => route.abort('connectionrefused'));
    await open(page, `?meter=${METERS.whole}&period=1d`);
    const alert = page.getByRole('alert');
    assert.match(await text(alert), /^No connection to Meterhouse .* Trying again by itself\. Try again$/);
    await assertAccessible(page);
    await page.unroute('**/api/**');
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await page.getByText('You used').waitFor();
  }));

for (const [lang, link, title, again] of [
  ['en', 'Consumption', 'No connection to Meterhouse', 'Try again'],
  ['zh', '用电量', '无法连接到电表管理系统', '重试'],
]) {
  test(`no connection when /query/ is reached from another page, ${lang}`, () =>
    withPage(browser, { ...provoked, lang }, async (page) => {
      await page.goto(`${server.base}/register/`);
      await page.locator('#region').waitFor();
      await page.route('**/api/**', (route) => route.abort('connectionrefused'));
      await page.getByRole('link', { name: link, exact: true }).click();
      assert.ok((await text(page.getByRole('alert'))).startsWith(title));
      await assertAccessible(page);
      await page.unroute('**/api/**');
      await page.getByRole('button', { name: again }).click();
      await page.getByRole('link', { name: /^100 000 001/ }).waitFor();
    }));
}

test('a refresh that fails leaves the old number, marked as old', () =>
  withPage(browser, provoked, async (page, { context }) => {
    await open(page, `?meter=${METERS.whole}&period=1d`);
    const said = await text(page.getByTestId('answer'));
    await context.setOffline(true);
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByText('This may be out of date').waitFor();
    assert.equal(await text(page.getByTestId('answer')), said);
    await assertAccessible(page);
    await context.setOffline(false); // the browser tells the page that it is online again
    await page.getByText('This may be out of date').waitFor({ state: 'detached' });
  }));

test('maintenance is waited out', () =>
  withPage(browser, provoked, async (page) => {
    await page.route('**/api/v1/meters/**', maintenance);
    await open(page, `?meter=${METERS.whole}&period=1d`);
    assert.match(await text(page.getByRole('alert')), /^Meterhouse is being maintained .* Trying again by itself\. Try again$/);
    await page.unroute('**/api/v1/meters/**');
    await page.getByText('You used').waitFor();
  }));

test('a failure of the server is told in its own words', () =>
  withPage(browser, provoked, async (page) => {
    const problem = JSON.stringify({ title: 'Internal Server Error', detail: 'read block of meter 100000001: checksum mismatch' });
    await page.route('**/consumption?**', (route) =>
      route.fulfill({ status: 500, contentType: 'application/problem+json', body: problem }),
    );
    await open(page, `?meter=${METERS.whole}&period=1d`);
    assert.match(await text(page.getByRole('alert')), /^The server failed .*checksum mismatch Try again$/);
    await page.unroute('**/consumption?**');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('You used').waitFor();
  }));

test('the chart cannot be loaded: the table has every number', () =>
  withPage(browser, provoked, async (page) => {
    await page.route('**/assets/echarts-*.js', (route) => route.abort());
    await open(page, `?meter=${METERS.whole}&period=1d`);
    await page.getByText('The chart could not be loaded').waitFor();
    assert.equal(await page.locator('tbody tr').count(), 48);
  }));

test('the overview tells how many meters there are and how new their readings', async () => {
  const { meters, newest_reading } = await server.get('/api/v1/config');
  assert.equal(meters, Object.keys(METERS).length);
  assert.equal(Date.parse(newest_reading), halfHourStart(Date.parse(newest_reading)));
  const clock = newest_reading.slice(11, 16); // the answer has the site's offset
  for (const [lang, age] of [['en', /^(this minute|\d+ minutes? ago)$/], ['zh', /^(此刻|\d+\s?分钟前)$/]]) {
    await withPage(browser, { lang }, async (page) => {
      await page.goto(`${server.base}/`);
      assert.equal(await text(page.getByTestId('meters-total')), String(meters));
      assert.match(await text(page.getByTestId('newest')), age);
      assert.match(await text(page.getByTestId('newest').locator('xpath=following-sibling::dd')), new RegExp(`${clock}$`));
    });
  }
});

test('an address inside the pages that is none', () =>
  withPage(browser, {}, async (page) => {
    await open(page);
    await page.evaluate(() => {
      const link = document.createElement('a');
      link.href = '/nowhere/';
      link.textContent = 'nowhere';
      document.querySelector('main').append(link);
    });
    await page.getByRole('link', { name: 'nowhere' }).click();
    await page.getByText('There is no such page').waitFor();
    await page.getByRole('link', { name: 'To the overview' }).click();
    await page.getByText('Meters registered').waitFor();
  }));

test('an address typed wrong is told by a page, with 404', () =>
  withPage(browser, { errorsExpected: true }, async (page) => {
    const answer = await page.goto(`${server.base}/usage/2025`);
    assert.equal(answer.status(), 404);
    await page.getByText('There is no such page').waitFor();
    const api = await page.request.get(`${server.base}/api/nothing`, { headers: { Accept: 'text/html' } });
    assert.equal(api.headers()['content-type'], 'application/problem+json');
  }));
