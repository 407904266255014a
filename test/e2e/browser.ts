import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const root = new URL('../../', import.meta.url);
const candidates = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The system's Chromium, talking to nobody but the page. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: candidates.find((path) => path !== undefined && existsSync(path))!,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export interface Running {
  url: string;
  /** What it has written so far. */
  log: () => string;
  stop: () => Promise<void>;
}

/** Starts the built command line as a user would, and waits for the address that it prints. */
export function start(args: string[], timeoutMs = 30_000): Promise<Running> {
  const child: ChildProcess = spawn(process.execPath, ['dist/node/cli/index.js', ...args], {
    cwd: root,
    stdio: 'pipe',
  });
  let log = '';
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 12_000);
    await ended;
    clearTimeout(late);
  };
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      void stop();
      reject(new Error(`no address within ${timeoutMs} ms: ${log}`));
    }, timeoutMs);
    const read = (chunk: Buffer) => {
      log += chunk.toString();
      const url = /https?:\/\/[^\s"']+/.exec(log)?.[0];
      if (!url || !/\s/.test(log.slice(log.indexOf(url) + url.length))) return;
      clearTimeout(timer);
      resolve({ url, log: () => log, stop });
    };
    child.stdout!.on('data', read);
    child.stderr!.on('data', read);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`ended with ${code}: ${log}`));
    });
  });
}
