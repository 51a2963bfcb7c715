// A program for the official JavaScript client 1.0.17, Rust in WebAssembly, which speaks version 2: its argument is the URL.
//
// It drives everything a simulated Lovense Nora, Lovense Edge and T-Code stroker have, and prints what it sees. It runs in the
// directory where that client is installed.

import { pathToFileURL } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";

const installed = pathToFileURL(`${process.cwd()}/node_modules/buttplug/dist/module/index.js`);
const { ButtplugClient, ButtplugDeviceMessageType: Type, ButtplugWebsocketConnectorOptions, buttplugInit, RotationCmd } = await import(
  installed
);

const show = (...things) => console.log(...things);
const heard = (client, event) => new Promise((resolve) => client.once(event, resolve));

async function use(device) {
  show("device", device.Name);
  const count = (type) => device.messageAttributes(type)?.featureCount ?? 0;
  const steps = (type) => (device.messageAttributes(type)?.stepCount ?? []).join(" ");
  if (count(Type.VibrateCmd)) {
    show("  vibrators", count(Type.VibrateCmd), steps(Type.VibrateCmd));
    await device.vibrate(0.5);
    await device.vibrate([0.25]);
  }
  if (count(Type.RotateCmd)) {
    show("  rotators", count(Type.RotateCmd), steps(Type.RotateCmd));
    await device.rotate(0.25, true);
    await device.rotate([new RotationCmd(0, 0.25, false)]);
  }
  if (count(Type.LinearCmd)) {
    show("  strokers", count(Type.LinearCmd), steps(Type.LinearCmd));
    await device.linear(1.0, 500);
    await sleep(600);
  }
  if (device.AllowedMessages.includes(Type.BatteryLevelCmd)) {
    show("  battery", await device.batteryLevel());
  }
  await device.stop();
}

await buttplugInit();
const client = new ButtplugClient("Older JavaScript");
const options = new ButtplugWebsocketConnectorOptions(process.argv[2]);
await client.connect(options);
const finished = heard(client, "scanningfinished");
await client.startScanning();
await finished;
const devices = client.Devices.sort((one, other) => (one.Name < other.Name ? -1 : 1));
for (const device of devices) {
  await use(device);
}
const left = heard(client, "deviceremoved");
show("waiting for a device to leave");
show("left", (await left).Name, client.Devices.length);
await devices[1].vibrate(1.0);
await client.stopAllDevices();
await devices[1].vibrate(0.1);
await client.disconnect();
show("connected", client.Connected);
process.exit(0);
