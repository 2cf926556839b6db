// Starts the real program for a test file: a free loopback port, a temporary data directory; ends it by SIGTERM.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PROGRAM = process.env.METERHOUSE ?? join(ROOT, 'build/release/meterhouse');
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 30_000;

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

// Like the sample configuration, for a site elsewhere.
async function configFor(timezone, folder) {
  const sample = join(ROOT, 'config/meterhouse.json');
  if (timezone === undefined) return sample;
  const path = join(folder, 'meterhouse.json');
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(sample, 'utf8')), timezone }));
  return path;
}

export async function startServer({ timezone } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'meterhouse-pages-'));
  const data = join(folder, 'data');
  const config = await configFor(timezone, folder);
  const listen = `127.0.0.1:${await freePort()}`;
  const args = ['serve', '--data', data, '--listen', listen, '--config', config];
  const child = spawn(PROGRAM, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (bytes) => (said = (said + bytes).slice(-4000)));
  const ended = new Promise((resolve) => {
    child.on('error', (error) => resolve(`it could not be started: ${error.message}`));
    child.on('exit', (code, signal) => resolve(`it ended with ${code ?? signal}`));
  });
  const server = new Server(`http://${listen}`, child, ended, folder);
  try {
    await server.waitUntilReady();
    await server.checkPages();
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${PROGRAM} ${args.join(' ')}: ${error.message}\n${said}`);
  }
  return server;
}

class Server {
  #child;
  #ended;
  #folder;

  constructor(base, child, ended, folder) {
    this.base = base;
    this.#child = child;
    this.#ended = ended;
    this.#folder = folder;
  }

  async waitUntilReady() {
    const deadline = Date.now() + START_TIMEOUT_MS;
    let why = '';
    this.#ended.then((reason) => (why = reason));
    while (why === '' && Date.now() < deadline) {
      const answer = await fetch(`${this.base}/readyz`).catch(() => null);
      if (answer?.ok) return;
      await delay(20); // nothing tells from outside when a port starts to listen
    }
    throw new Error(why || `not ready after ${START_TIMEOUT_MS} ms`);
  }

  async checkPages() {
    const answer = await fetch(`${this.base}/`);
    const type = answer.headers.get('Content-Type') ?? '';
    if (!type.startsWith('text/html')) throw new Error('the program was built without its pages (METERHOUSE_WEB=OFF)');
  }

  async get(path) {
    return this.#json(await fetch(this.base + path), path);
  }

  async post(path, body) {
    const headers = { 'Content-Type': 'application/json' };
    return this.#json(await fetch(this.base + path, { method: 'POST', headers, body: JSON.stringify(body) }), path);
  }

  async #json(answer, path) {
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  async stop() {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(timer);
    await rm(this.#folder, { recursive: true, force: true });
  }
}
