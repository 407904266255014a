/** A real nats-server on a free loopback port, with a store of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = process.env.NATS_SERVER ?? '/usr/sbin/nats-server';

export class NatsServer {
  readonly port: number;
  readonly folder: string;
  /** Lines that it wrote. */
  readonly log: string[] = [];
  #process: ChildProcess | null = null;

  /** Not running yet. @param config further lines of its config file */
  static async create(config = ''): Promise<NatsServer> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    return new NatsServer(port, config);
  }

  /** Running. */
  static async start(config?: string): Promise<NatsServer> {
    const server = await NatsServer.create(config);
    await server.start();
    return server;
  }

  private constructor(port: number, config: string) {
    this.port = port;
    this.folder = mkdtempSync(join(tmpdir(), 'whytick-nats-'));
    this.configure(config);
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Takes effect with the next start. */
  configure(config: string): void {
    const own = `listen: "${this.host}"\njetstream { store_dir: "${this.folder}" }\n`;
    writeFileSync(join(this.folder, 'server.conf'), own + config);
  }

  /** Resolves once it takes connections. */
  async start(): Promise<void> {
    const child = spawn(PROGRAM, ['-c', join(this.folder, 'server.conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`nats-server ended: ${this.log.join('\n')}`)));
      createInterface(child.stderr!).on('line', (line) => {
        this.log.push(line);
        if (line.includes('Server is ready')) resolve();
      });
    });
  }

  /** Resolves once it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
