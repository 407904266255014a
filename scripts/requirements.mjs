/** What the tests need beyond `npm ci`: Chromium. Installs it where that is allowed, otherwise says what to install. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const candidates = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

if (!candidates.some((path) => path && existsSync(path))) {
  const root = process.getuid?.() === 0;
  if (root && existsSync('/usr/bin/apt-get')) {
    const options = {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    };
    process.stderr.write('installing chromium for the browser tests\n');
    execFileSync('apt-get', ['update', '-qq'], options);
    execFileSync(
      'apt-get',
      ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-liberation'],
      options,
    );
  } else {
    process.stderr.write(
      'the browser tests need Chromium: run `sudo apt-get install chromium`, or set CHROMIUM to the path of one\n',
    );
    process.exitCode = 1;
  }
}
