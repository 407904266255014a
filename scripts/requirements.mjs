/** What the tests need beyond `npm ci`: a browser, two brokers and Python. Installs them where that is allowed, otherwise says what to install. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const needed = [
  {
    packages: ['chromium', 'fonts-liberation'],
    paths: [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
    variable: 'CHROMIUM',
  },
  {
    packages: ['mosquitto'],
    paths: [process.env.MOSQUITTO, '/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto'],
    variable: 'MOSQUITTO',
  },
  {
    packages: ['nats-server'],
    paths: [process.env.NATS_SERVER, '/usr/sbin/nats-server', '/usr/local/bin/nats-server'],
    variable: 'NATS_SERVER',
  },
  {
    packages: ['python3'],
    paths: [process.env.PYTHON, ...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'python3'))],
    variable: 'PYTHON',
  },
];

const missing = needed.filter(({ paths }) => !paths.some((path) => path && existsSync(path)));
const packages = missing.flatMap((each) => each.packages);

if (packages.length > 0) {
  const root = process.getuid?.() === 0;
  if (root && existsSync('/usr/bin/apt-get')) {
    const options = {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    };
    process.stderr.write(`installing ${packages.join(', ')} for the tests\n`);
    execFileSync('apt-get', ['update', '-qq'], options);
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options);
  } else {
    const variables = missing.map(({ variable }) => variable);
    process.stderr.write(
      `the tests need ${packages.join(', ')}: run \`sudo apt-get install ${packages.join(' ')}\`, or set ${variables.join(', ')} to the path of a program that is there\n`,
    );
    process.exitCode = 1;
  }
}
