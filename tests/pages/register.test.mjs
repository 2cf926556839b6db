// /register/: one meter, from an empty server to its consumption page.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, NARROW, text, withPage } from './support/browser.mjs';
import { startServer } from './support/server.mjs';

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function fillIn(page, id) {
  await page.getByLabel('Meter number').fill(id);
  await page.getByLabel('Region').selectOption('North Region');
  await page.getByLabel('Area').selectOption('Yishun');
  await page.getByLabel('Dwelling type').selectOption('4-room');
}

test('an empty server tells the first steps', () =>
  withPage(browser, {}, async (page) => {
    await page.goto(`${server.base}/`);
    assert.equal(await text(page.getByTestId('meters-total')), '0');
    assert.equal(await text(page.getByTestId('newest')), 'None yet');
    await page.getByRole('heading', { name: 'First steps' }).waitFor();
    assert.match(await page.locator('pre').innerText(), new RegExp(`^curl ${server.base}/api/v1/readings`));
    await page.getByRole('link', { name: 'Register a meter' }).first().click();
    await page.waitForURL(`${server.base}/register/`);
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'H1');
    assert.equal(await page.title(), 'Register a meter · Meterhouse');
  }));

test('every option comes from the configuration, the areas follow the region', () =>
  withPage(browser, {}, async (page) => {
    const config = await server.get('/api/v1/config');
    await page.goto(`${server.base}/register/`);
    const options = async (label) => (await page.getByLabel(label).locator('option:not([disabled])').allInnerTexts()).map((one) => one.trim());
    assert.deepEqual(await options('Region'), config.regions.map((region) => region.name));
    assert.deepEqual(await options('Dwelling type'), config.dwelling_types);
    assert.ok(await page.getByLabel('Area').isDisabled());
    for (const region of config.regions) {
      await page.getByLabel('Region').selectOption(region.name);
      assert.deepEqual(await options('Area'), region.areas);
      assert.equal(await page.getByLabel('Area').inputValue(), '');
    }
  }));

test('the number is checked while it is typed', () =>
  withPage(browser, {}, async (page) => {
    await page.goto(`${server.base}/register/`);
    const field = page.getByLabel('Meter number');
    const said = async () => `${await text(page.locator('#meter-id-hint'))} | ${(await page.locator('#meter-id-error').textContent()).trim()}`;
    for (const [typed, expected] of [
      ['1234', '5 more digits | '],
      ['12345678', '1 more digit | '],
      ['123456789', '9 digits | '],
      ['1234567890', '9 digits, printed on the meter | 1 digit too many'],
      ['12345678a', '9 digits, printed on the meter | Digits only, please'],
    ]) {
      await field.fill(typed);
      assert.equal(await said(), expected, typed);
    }
    await field.fill('100 000 009');
    await field.blur();
    assert.equal(await field.inputValue(), '100000009');
  }));

test('a form with holes is not sent, and the first hole gets the focus', () =>
  withPage(browser, {}, async (page) => {
    await page.goto(`${server.base}/register/`);
    let sent = 0;
    page.on('request', (request) => (sent += request.method() === 'POST' ? 1 : 0));
    await page.getByRole('button', { name: 'Register the meter' }).click();
    assert.equal(await text(page.getByRole('alert')), '4 fields need your attention');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'meter-id');
    await page.getByLabel('Meter number').fill('100000009');
    await page.getByLabel('Region').selectOption('North Region');
    await page.getByLabel('Dwelling type').selectOption('4-room');
    await page.getByRole('button', { name: 'Register the meter' }).click();
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'area');
    assert.equal(sent, 0);
  }));

test('a meter is registered, exists then, and leads to its consumption', () =>
  withPage(browser, { errorsExpected: true }, async (page) => {
    await page.goto(`${server.base}/register/`);
    await fillIn(page, '100000007');
    await page.getByRole('button', { name: 'Register the meter' }).click();
    assert.match(await text(page.getByRole('status')), /^Meter 100 000 007 is registered Yishun, North Region · 4-room/);
    const stored = await server.get('/api/v1/meters/100000007');
    assert.deepEqual([stored.region, stored.area, stored.dwelling_type], ['North Region', 'Yishun', '4-room']);

    await page.getByRole('button', { name: 'Register another' }).click();
    assert.equal(await page.getByLabel('Meter number').inputValue(), '');
    await fillIn(page, '100000007');
    await page.getByRole('button', { name: 'Register the meter' }).click();
    assert.match(await text(page.getByRole('alert')), /^Meter 100 000 007 is registered already/);

    await page.getByRole('link', { name: 'See its consumption' }).click();
    await page.waitForURL(`${server.base}/query/?meter=100000007&period=1d`);
    await page.getByText('No reading has arrived yet').waitFor();
  }));

test('by keyboard alone, in Chinese, on a telephone', () =>
  withPage(browser, { lang: 'zh', theme: 'dark', viewport: NARROW }, async (page) => {
    await page.goto(`${server.base}/register/`);
    await page.getByLabel('电表号').focus();
    await page.keyboard.type('100000008');
    await page.keyboard.press('Tab');
    await page.keyboard.type('West');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Clementi');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Landed');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.match(await text(page.getByRole('status')), /^电表 100 000 008 登记成功 Clementi, West Region · Landed Properties/);
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('href')), '/query/?meter=100000008&period=1d');
  }));

test('what the server cannot do now is said, and what was entered stays', () =>
  withPage(browser, { errorsExpected: true }, async (page, { context }) => {
    await page.goto(`${server.base}/register/`);
    await fillIn(page, '100000010');
    const keys = [];
    page.on('request', (request) => {
      if (request.method() === 'POST') keys.push(request.headers()['idempotency-key']);
    });

    await context.setOffline(true);
    await page.getByRole('button', { name: 'Register the meter' }).click();
    assert.match(await text(page.getByRole('alert')), /^No connection to Meterhouse .*trying again is safe\.$/);
    await context.setOffline(false);

    const busy = { status: 503, headers: { 'Retry-After': '5' }, contentType: 'application/problem+json' };
    const detail = 'Server is in maintenance mode. Please try again later.';
    await page.route('**/api/v1/meters', (route) => route.fulfill({ ...busy, body: JSON.stringify({ title: 'Service Unavailable', detail }) }), { times: 1 });
    await page.getByRole('button', { name: 'Register the meter' }).click();
    assert.match(await text(page.getByRole('alert')), /^Meterhouse is being maintained .* Nothing was registered\.$/);
    assert.equal(await page.getByLabel('Meter number').inputValue(), '100000010');
    assert.equal(await page.getByLabel('Area').inputValue(), 'Yishun');

    await page.getByRole('button', { name: 'Register the meter' }).click();
    await page.getByText('Meter 100 000 010 is registered').waitFor();
    assert.equal(new Set(keys).size, 1, 'a repetition carries the same key');
  }));
