// A real browser. Every page is watched: what it logs as an error, throws or fails to fetch fails the test that opened it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const ARGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

export function launch() {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: ARGS.split(' ') });
}

export const WIDE = { width: 1280, height: 860 };
export const NARROW = { width: 390, height: 844 };

// options  lang 'en' or 'zh', theme, viewport, zone of the browser; errorsExpected: the test provokes them
export async function openPage(browser, options = {}) {
  const { lang = 'en', theme = 'light', viewport = WIDE, zone = 'America/New_York', errorsExpected = false } = options;
  const context = await browser.newContext({
    locale: lang === 'zh' ? 'zh-CN' : 'en-GB',
    colorScheme: theme,
    viewport,
    timezoneId: zone,
    reducedMotion: 'reduce',
    acceptDownloads: true,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000); // other tests may run beside this one
  const wrong = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') wrong.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => wrong.push(`thrown: ${error.message}`));
  page.on('requestfailed', (request) => {
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') wrong.push(`failed: ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) wrong.push(`${response.status()}: ${response.url()}`);
  });
  const close = async () => {
    await context.close();
    if (!errorsExpected) assert.deepEqual(wrong, []);
  };
  return { page, context, wrong, close };
}

// Opens a page for the length of `use`, and checks afterwards that nothing went wrong in it.
export async function withPage(browser, options, use) {
  const opened = await openPage(browser, options);
  try {
    await use(opened.page, opened);
  } catch (error) {
    await opened.context.close();
    throw error;
  }
  await opened.close();
}

// Everything has arrived: nothing loads any more, and the chart, where there is one, is drawn.
export async function settled(page) {
  await page.waitForFunction(() => {
    const chart = document.querySelector('[role=img]');
    return document.querySelector('footer span') && !document.querySelector('.loading') && (!chart || chart.querySelector('svg path'));
  });
}

export async function assertAccessible(page) {
  await page.evaluate(axeSource); // not as a script element: the pages' policy forbids scripts from elsewhere
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ''}`).join('; ')}`);
  });
  assert.deepEqual(found, []);
}

export async function assertFits(page) {
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(excess, 0, 'the page is wider than the screen');
}

export const text = async (locator) => (await locator.innerText()).replace(/\u2060/g, '').replace(/\s+/g, ' ').trim();
