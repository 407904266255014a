/** What needs the machine: files, sockets, the server. */
export { asset, readKernels } from './assets.ts';
export { type Data, type DataOptions, type DataRow, readData } from './data.ts';
export { createRecordingFile, openRecording } from './recordingFile.ts';
export { type RunningServe, type ServeRun, startServe } from './serve.ts';
export { FeedSocket } from './socket.ts';
