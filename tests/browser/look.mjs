// look.mjs MODULES PAGE: opens a page in Chromium as on a desk, a phone, in the dark and on paper, and
// prints one line of JSON for each: violations of axe-core, requests, errors, and what overflows.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [modules, page, pictures] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const desk = { width: 1280, height: 900 };
const views = {
  desk: { viewport: desk },
  phone: { viewport: { width: 375, height: 800 } },
  dark: { viewport: desk, colorScheme: 'dark' },
  print: { viewport: { width: 794, height: 1123 } },
};

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
for (const [view, options] of Object.entries(views)) {
  // axe-core is a script, which the page's own policy would not let in.
  const context = await browser.newContext({ ...options, bypassCSP: true });
  const tab = await context.newPage();
  const requests = [], errors = [];
  tab.on('request', (request) => { if (!/^(file|data):/.test(request.url())) requests.push(request.url()); });
  tab.on('dialog', (dialog) => { errors.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
  tab.on('pageerror', (error) => errors.push(String(error)));
  if (view === 'print') await tab.emulateMedia({ media: 'print' });
  await tab.goto(pathToFileURL(page).href);
  if (pictures) await tab.screenshot({ path: `${pictures}/${view}.png`, fullPage: true });
  const seen = await tab.evaluate(() => ({
    overflows: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    scripts: document.scripts.length,
    background: getComputedStyle(document.body).backgroundColor,
    folded: [...document.querySelectorAll('details li')].map((item) => item.checkVisibility()),
  }));
  await tab.keyboard.press('Tab');
  const focused = await tab.evaluate(() => document.activeElement.tagName);
  await tab.evaluate(axe);
  const { violations } = await tab.evaluate(() => axe.run());
  console.log(JSON.stringify({ view, requests, errors, focused, ...seen, violations: violations.map(({ id }) => id) }));
  await context.close();
}
await browser.close();
