/** A real mosquitto on a port of its own, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { vi } from 'vitest';

const PROGRAM = process.env.MOSQUITTO ?? '/usr/sbin/mosquitto';
/** What Debian's needs so as not to lose its queue when it is killed. */
const LASTING = ['persistence true', 'autosave_on_changes true', 'autosave_interval 1', 'max_queued_messages 0'];

export class Mosquitto {
  readonly folder = mkdtempSync(join(tmpdir(), 'whytick-mosquitto-'));
  port = 0;
  log = '';
  readonly #clients: MqttClient[] = [];
  readonly #settings: readonly string[];
  #process: ChildProcess | null = null;

  /** @param settings lines of mosquitto.conf beside its listener, `%` in them is the folder; by default anybody may do anything */
  constructor(settings: readonly string[] = ['allow_anonymous true']) {
    this.#settings = settings;
  }

  /** @param files by name, written to the folder first */
  static async start(settings?: readonly string[], files: Readonly<Record<string, string>> = {}): Promise<Mosquitto> {
    const broker = new Mosquitto(settings);
    for (const [name, text] of Object.entries(files)) writeFileSync(broker.path(name), text, { mode: 0o600 });
    await broker.start();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async start(): Promise<void> {
    this.port ||= await freePort();
    const conf = [
      `listener ${this.port} 127.0.0.1`,
      ...LASTING,
      `persistence_location ${this.folder}/`,
      // as root it would become a user who may not write here
      ...(process.getuid?.() === 0 ? ['user root'] : []),
      ...this.#settings.map((line) => line.replaceAll('%', this.folder)),
    ];
    writeFileSync(this.path('mosquitto.conf'), `${conf.join('\n')}\n`);
    const child = spawn(PROGRAM, ['-c', this.path('mosquitto.conf')], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text) => (this.log += text));
    this.#process = child;
    await vi.waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`mosquitto has ended: ${this.log}`);
        await reach(this.port);
      },
      { timeout: 20_000, interval: 20 },
    );
  }

  /** Resolves once it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }

  /** A client of the test's own. */
  async client(options: IClientOptions = {}): Promise<MqttClient> {
    const client = await mqtt.connectAsync(this.url, { reconnectPeriod: 20, ...options });
    this.#clients.push(client);
    return client;
  }

  async end(): Promise<void> {
    for (const client of this.#clients) client.end(true);
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A port of the loopback on which nobody listens. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function reach(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = dial(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    }).once('error', reject);
  });
}
