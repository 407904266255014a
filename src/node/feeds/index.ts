/** Feeds that need the machine. Importing this file puts them into the list of all feeds. */
import { addFeeds } from '../../feeds/index.ts';
import { file, stdin } from './file.ts';
import { homeAssistant } from './homeAssistant.ts';
import { mqtt } from './mqtt.ts';
import { nats } from './nats.ts';
import { sparkplug } from './sparkplug.ts';
import { system } from './system.ts';
import { tail } from './tail.ts';

addFeeds([homeAssistant, mqtt, nats, sparkplug, system, file, stdin, tail]);
