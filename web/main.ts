/** Puts the page together: one store, one connection, one view, the panels of the registry. */
import { Connection, exchangeToken, tokenNeeded } from './connection.ts';
import { keyboard } from './keyboard.ts';
import { panels } from './panels/index.ts';
import { Store } from './store.ts';
import { Theme } from './theme.ts';
import { View } from './view.ts';

const store = new Store();
let changed = () => {};

const connection = new Connection(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`, {
  text: (message) => {
    store.text(message);
    changed();
  },
  frame: (bytes) => {
    store.frame(bytes);
    changed();
  },
  changed: () => changed(),
});
store.questions.send = (message) => connection.send(message);
const theme = new Theme(() => changed());
const view = new View(store, connection, theme);
changed = () => {
  if (connection.link.phase !== 'open') store.questions.lost();
  if (store.mismatch && connection.link.phase !== 'stopped') connection.stop();
  view.invalidate();
};

for (const { host, create } of panels) view.panels.push(create(document.getElementById(host)!, view));
keyboard(view);
document.fonts.ready.then(() => view.refresh());
const refused = await exchangeToken();
if (refused) store.error = refused;
else if (await tokenNeeded()) store.error = 'This server needs a token.';
connection.open();
