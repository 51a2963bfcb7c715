// A program for the official JavaScript client 3.2.2, which speaks version 3: its argument is the URL.
//
// It drives everything a simulated Lovense Nora, Lovense Edge and T-Code stroker have, and prints what it sees. It runs in the
// directory where that client is installed.

import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

const require = createRequire(`${process.cwd()}/`);
const { ActuatorType, ButtplugClient, ButtplugNodeWebsocketClientConnector, ScalarSubcommand } = require("buttplug");

const show = (...things) => console.log(...things);
const heard = (client, event) => new Promise((resolve) => client.once(event, resolve));

async function use(device) {
  show("device", device.name);
  for (const entry of device.vibrateAttributes) {
    show("  vibrator", entry.Index, entry.StepCount);
  }
  if (device.vibrateAttributes.length) {
    await device.vibrate(0.5);
    await device.scalar(new ScalarSubcommand(device.vibrateAttributes[0].Index, 0.25, ActuatorType.Vibrate));
  }
  for (const entry of device.rotateAttributes) {
    show("  rotator", entry.Index, entry.StepCount);
    await device.rotate(0.25, true);
    await device.rotate(0.25, false);
  }
  for (const entry of device.linearAttributes) {
    show("  stroker", entry.Index, entry.StepCount);
    await device.scalar(new ScalarSubcommand(0, 0.5, ActuatorType.Position));
    await device.linear(1.0, 500);
    await sleep(600);
  }
  if (device.hasBattery) {
    show("  battery", await device.battery());
  }
  await device.stop();
}

const client = new ButtplugClient("Old JavaScript");
await client.connect(new ButtplugNodeWebsocketClientConnector(process.argv[2]));
const finished = heard(client, "scanningfinished");
await client.startScanning();
await finished;
const devices = client.devices.sort((one, other) => (one.name < other.name ? -1 : 1));
for (const device of devices) {
  await use(device);
}
const left = heard(client, "deviceremoved");
show("waiting for a device to leave");
show("left", (await left).name, client.devices.length);
await devices[1].vibrate(1.0);
await client.stopAllDevices();
await devices[1].vibrate(0.1);
await client.disconnect();
show("connected", client.connected);
