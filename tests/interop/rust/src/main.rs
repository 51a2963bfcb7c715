//! A program for the Rust client, crate `buttplug` 12, which speaks version 4: its argument is the URL.
//!
//! It drives everything a simulated Lovense Nora, Lovense Edge and T-Code stroker have, and prints what it sees.

use std::time::Duration;

use buttplug::connector::ButtplugRemoteClientConnector;
use buttplug::device::{ButtplugClientDevice, ClientDeviceCommandValue::Percent, ClientDeviceOutputCommand as Command};
use buttplug::serializer::ButtplugClientJSONSerializer;
use buttplug::{ButtplugClient, ButtplugClientError, ButtplugClientEvent, ButtplugWebsocketClientTransport};
use buttplug_core::message::{InputType, OutputType};
use futures::StreamExt;

type Connector = ButtplugRemoteClientConnector<ButtplugWebsocketClientTransport, ButtplugClientJSONSerializer>;

async fn drive(device: &ButtplugClientDevice) -> Result<(), ButtplugClientError> {
    println!("device {}", device.name());
    for kind in [OutputType::Vibrate, OutputType::Rotate, OutputType::Position, OutputType::HwPositionWithDuration] {
        for feature in device.outputs(kind) {
            println!("  {kind:?} of feature {}", feature.feature_index());
        }
    }
    if device.output_available(OutputType::Vibrate) {
        device.run_output(&Command::Vibrate(Percent(0.5))).await?;
    }
    if device.output_available(OutputType::Rotate) {
        device.run_output(&Command::Rotate(Percent(0.25))).await?;
        device.run_output(&Command::Rotate(Percent(-0.25))).await?;
    }
    if device.output_available(OutputType::HwPositionWithDuration) {
        device.run_output(&Command::Position(Percent(0.5))).await?;
        device.run_output(&Command::HwPositionWithDuration(Percent(1.0), 500)).await?;
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    if device.input_available(InputType::Battery) {
        println!("  battery {}", device.battery().await?);
    }
    device.stop().await
}

#[tokio::main]
async fn main() -> Result<(), ButtplugClientError> {
    let url = std::env::args().nth(1).expect("the URL of a server");
    let client = ButtplugClient::new("Rust");
    let mut events = client.event_stream();
    client.connect(Connector::new(ButtplugWebsocketClientTransport::new_insecure_connector(&url))).await?;
    client.start_scanning().await?;
    while !matches!(events.next().await, Some(ButtplugClientEvent::ScanningFinished)) {}
    let mut devices: Vec<_> = client.devices().into_values().collect();
    devices.sort_by_key(|device| device.name().clone());
    for device in &devices {
        drive(device).await?;
    }
    println!("waiting for a device to leave");
    loop {
        if let Some(ButtplugClientEvent::DeviceRemoved(device)) = events.next().await {
            println!("left {} {}", device.name(), client.devices().len());
            break;
        }
    }
    let nora = &devices[1];
    nora.run_output(&Command::Vibrate(Percent(1.0))).await?;
    client.stop_all_devices().await?;
    nora.run_output(&Command::Vibrate(Percent(0.1))).await?;
    client.disconnect().await?;
    println!("connected {}", client.connected());
    Ok(())
}
