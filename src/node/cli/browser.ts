import { spawn } from 'node:child_process';

/** Shows an address in the person's browser. Where there is none, nothing happens: the address was printed. */
export function openBrowser(url: string): void {
  const [command, ...args] =
    process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
  const child = spawn(command!, [...args, url], { detached: true, stdio: 'ignore' });
  child.on('error', () => {});
  child.unref();
}

/** Whether somebody sits at this terminal. */
export function isAttended(): boolean {
  return Boolean(process.stdout.isTTY) && !process.env.CI;
}
