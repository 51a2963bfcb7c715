// A program for the official JavaScript client: it drives everything a simulated Lovense Nora, Lovense Edge and T-Code stroker
// have, and prints what it sees. It runs in the directory where that client is installed. Its argument is the server's URL.

import { createRequire } from "node:module";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

const require = createRequire(`${process.cwd()}/`);
const { ButtplugClient, ButtplugNodeWebsocketClientConnector, DeviceOutput, InputType, OutputType } = require("buttplug");

const show = (...things) => console.log(...things);

async function attempt(title, call) {
  try {
    show(title, "->", (await call()) ?? "done");
  } catch (error) {
    show(title, "!!", error.constructor.name);
  }
}

function describe(device) {
  show("device", device.name, device.messageTimingGap);
  for (const feature of device.features.values()) {
    show("  feature", feature.index);
    for (const output of feature.outputs.values()) {
      show("    output", output.type, ...output.valueRange, ...(output.durationRange ?? []));
    }
    for (const input of feature.inputs.values()) {
      show("    input", input.type, ...input.commands);
    }
  }
}

const url = process.argv[2];
const client = new ButtplugClient("Official JavaScript");
const added = [];
client.on("deviceadded", (device) => added.push(device.name));

await client.connect(new ButtplugNodeWebsocketClientConnector(url));
show("connected", client.connected, client.serverInfo.serverName, client.serverInfo.protocolVersionMajor);

const finished = once(client, "scanningfinished");
await client.startScanning();
await finished;
await client.stopScanning();
show("added", added.sort().join(", "));

const [edge, nora, stroker] = [...client.devices.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
[edge, nora, stroker].forEach(describe);

await nora.runOutput(DeviceOutput.Vibrate.percent(0.5));
await nora.runOutput(DeviceOutput.Vibrate.value(7));
await nora.runOutput(DeviceOutput.Rotate.percent(0.25));
await nora.runOutput(DeviceOutput.Rotate.value(-5));
await attempt("nora battery", () => nora.battery());
await nora.stop();

await edge.runOutput(DeviceOutput.Vibrate.percent(0.75));
await edge.features.get(0).runOutput(DeviceOutput.Vibrate.value(20));
await edge.features.get(1).runOutput(DeviceOutput.Vibrate.value(0));
await attempt("edge battery", () => edge.battery());

await stroker.runOutput(DeviceOutput.Position.percent(0.25));
await stroker.runOutput(DeviceOutput.PositionWithDuration.percent(1.0, 500));
await sleep(600);
await stroker.runOutput(DeviceOutput.PositionWithDuration.value(500, 100));
await sleep(200);

await attempt("vibrate 21 steps", () => nora.runOutput(DeviceOutput.Vibrate.value(21)));
await attempt("constrict", () => nora.runOutput(DeviceOutput.Constrict.percent(0.5)));
await attempt("stroker battery", () => stroker.battery());
const motor = nora.features.get(0);
show("has", motor.hasOutput(OutputType.Vibrate), motor.hasOutput(OutputType.Rotate), motor.hasInput(InputType.Battery));

await client.stopAllDevices();
await client.disconnect();
show("connected", client.connected);

await client.connect(new ButtplugNodeWebsocketClientConnector(url));
await client.devices.get(edge.index).runOutput(DeviceOutput.Vibrate.percent(0.1));
const gone = once(client, "disconnect");
show("waiting for the server to leave");
await gone;
show("connected", client.connected);
