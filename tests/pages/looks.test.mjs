// Every page in both languages, both themes and two widths: fits, is accessible, loads only from this server and within its
// budget. PAGES_SHOTS=folder keeps the pictures.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { assertAccessible, assertFits, launch, NARROW, settled, text, WIDE, withPage } from './support/browser.mjs';
import { startServer } from './support/server.mjs';
import { fillTown, METERS, siteDate, siteMidnight } from './support/town.mjs';

let server;
let empty;
let browser;

before(async () => {
  [server, empty] = await Promise.all([startServer(), startServer()]);
  await fillTown(server);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await Promise.all([server?.stop(), empty?.stop()]);
});

const gapDays = () => `first=${siteDate(siteMidnight(5))}&last=${siteDate(siteMidnight(1))}`;
const pages = {
  overview: () => `${server.base}/`,
  'overview-empty': () => `${empty.base}/`,
  register: () => `${server.base}/register/`,
  'query-start': () => `${server.base}/query/`,
  'query-30m': () => `${server.base}/query/?meter=${METERS.whole}&period=30m`,
  'query-1d': () => `${server.base}/query/?meter=${METERS.whole}&period=1d`,
  'query-1m': () => `${server.base}/query/?meter=${METERS.gaps}&period=1m`,
  'query-due': () => `${server.base}/query/?meter=${METERS.due}&period=1d`,
  'query-1y': () => `${server.base}/query/?meter=${METERS.whole}&period=1y`,
  'query-days': () => `${server.base}/query/?meter=${METERS.gaps}&${gapDays()}`,
  'query-nothing': () => `${server.base}/query/?meter=${METERS.old}&period=1d`,
};

async function keepPicture(page, name) {
  if (process.env.PAGES_SHOTS) await page.screenshot({ path: join(process.env.PAGES_SHOTS, `${name}.png`), fullPage: true });
}

for (const [name, address] of Object.entries(pages)) {
  for (const lang of ['en', 'zh']) {
    for (const viewport of [WIDE, NARROW]) {
      test(`${name}, ${lang}, ${viewport.width} px, light and dark`, () =>
        withPage(browser, { lang, viewport }, async (page) => {
          await page.goto(address());
          for (const theme of ['light', 'dark']) {
            await page.emulateMedia({ colorScheme: theme });
            await settled(page);
            assert.equal(await page.getAttribute('html', 'lang'), lang === 'zh' ? 'zh-CN' : 'en');
            assert.equal(await page.locator('h1').count(), 1);
            await assertFits(page);
            await assertAccessible(page);
            await keepPicture(page, `${name}-${lang}-${theme}-${viewport.width}`);
          }
        }));
    }
  }
}

test('language and theme are switched and remembered', () =>
  withPage(browser, { lang: 'en', theme: 'light' }, async (page) => {
    const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    await page.goto(`${server.base}/`);
    await page.getByText('Meters registered').waitFor();
    const light = await background();
    await page.getByRole('button', { name: '切换到简体中文' }).click();
    await page.getByRole('button', { name: '切换到深色主题' }).click();
    assert.notEqual(await background(), light);
    assert.equal(await page.title(), '概览 · 电表管理系统');
    await page.goto(`${server.base}/query/?meter=${METERS.whole}&period=1w`);
    await settled(page);
    assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
    assert.notEqual(await background(), light);
    assert.match(await text(page.getByTestId('answer')), /^最近 7 天（.*）用电 [\d.,]+ 千瓦时。$/);
    await assertAccessible(page);
    await page.getByRole('button', { name: '切换到浅色主题' }).click();
    assert.equal(await background(), light);
  }));

test('/query/ keeps its budget, and nothing comes from elsewhere', () =>
  withPage(browser, {}, async (page) => {
    const loaded = [];
    page.on('response', (response) => loaded.push(response));
    await page.goto(`${server.base}/query/?meter=${METERS.whole}&period=1d`);
    await settled(page);
    let first = 0;
    let chart = 0;
    for (const response of loaded) {
      assert.equal(new URL(response.url()).origin, server.base, response.url());
      const { responseBodySize } = await response.request().sizes();
      if (/\/echarts-.*\.js$/.test(response.url())) chart += responseBodySize;
      else if (/\.(js|css)$/.test(response.url())) first += responseBodySize;
    }
    assert.ok(first > 10_000 && first < 90_000, `script and style of the first view: ${first} bytes`);
    assert.ok(chart > 50_000 && chart < 250_000, `the chart: ${chart} bytes`);
  }));

// The widest content there is: energies to the last place, counts over a thousand, covered parts, estimates.
for (const lang of ['en', 'zh']) {
  for (const width of [320, 390, 600, 740, 800, 1000]) {
    test(`every table fits, ${lang}, ${width} px`, () =>
      withPage(browser, { lang, viewport: { width, height: 844 } }, async (page) => {
        const days = `first=${siteDate(siteMidnight(1))}&last=${siteDate(siteMidnight(1))}`;
        const asked = [...['30m', '1d', '1w', '1m', '1y'].map((period) => `${METERS.gaps}&period=${period}`),
          `${METERS.old}&period=1y`, `${METERS.ends}&${gapDays()}`, `${METERS.gaps}&${gapDays()}`, `${METERS.whole}&${days}`];
        for (const search of asked) {
          await page.goto(`${server.base}/query/?meter=${search}`);
          await settled(page);
          const cut = await page.locator('.scroll').evaluate((box) => {
            const right = box.getBoundingClientRect().right;
            const cells = [...box.querySelectorAll('th, td, small, span')].filter((cell) => cell.getBoundingClientRect().right > right + 0.5);
            return [box.scrollWidth - box.clientWidth, ...cells.map((cell) => cell.innerText)];
          });
          assert.deepEqual(cut, [0], search);
          await assertFits(page);
        }
      }));
  }
}

test('the whole table is there without a scroll of its own, and no Chinese month is broken', () =>
  withPage(browser, { lang: 'zh', viewport: NARROW }, async (page) => {
    await page.goto(`${server.base}/query/?meter=${METERS.whole}&period=1y`);
    await settled(page);
    const lines = await page.locator('tbody th a').evaluateAll((links) => links.map((link) => link.getClientRects().length));
    assert.deepEqual(lines, Array(12).fill(1));
    await page.goto(`${server.base}/query/?meter=${METERS.whole}&period=1d`);
    await settled(page);
    const { hidden, rows } = await page.locator('.scroll').evaluate((node) => ({
      hidden: node.scrollHeight - node.clientHeight,
      rows: node.querySelectorAll('tbody tr').length,
    }));
    assert.deepEqual({ hidden, rows }, { hidden: 0, rows: 48 });
  }));

test('on paper: no forms or buttons, the whole table, light', () =>
  withPage(browser, { theme: 'dark' }, async (page) => {
    await page.goto(`${server.base}/query/?meter=${METERS.whole}&period=1d`);
    await settled(page);
    await page.emulateMedia({ media: 'print' });
    await page.locator('header').first().waitFor({ state: 'hidden' });
    assert.equal(await page.locator('form').isVisible(), false);
    assert.equal(await page.getByRole('button').count(), 0);
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor), 'rgb(255, 255, 255)');
    const table = await page.locator('.scroll').evaluate((node) => node.scrollHeight - node.clientHeight);
    assert.equal(table, 0, 'nothing of the table is hidden');
    await page.locator('[role=img] path[fill="#17857f"]').first().waitFor(); // drawn again with the light colours
    await keepPicture(page, 'print');
  }));

test('the content can be reached past the navigation by keyboard', () =>
  withPage(browser, {}, async (page) => {
    await page.goto(`${server.base}/query/`);
    await page.getByText('Which meter?').waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'meter-id');
  }));
