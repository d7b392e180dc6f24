//! A bot that answers every message with its own words, also a stranger's, lets everyone see it who asks, and says what it is.
//!
//! ```sh
//! LAMPLIGHT_TOKEN=lamp_… cargo run --package lamplight-client --example echo -- http://127.0.0.1:2778
//! ```

use lamplight_client::{Choice, Client, Credentials, Error, Event, Options};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let relay = std::env::args().nth(1).unwrap_or_default();
    let token = std::env::var("LAMPLIGHT_TOKEN").unwrap_or_default();
    let options = Options::new(relay, Credentials::token(token)).device("echo");
    let client = Client::connect(options).await?;
    println!("{} answers. Stop it with Ctrl-C.", client.me());
    echo(client).await
}

pub async fn echo(mut client: Client) -> Result<(), Error> {
    client.set_status(Choice::Available, "I say what you say")?;
    while let Some(event) = client.next().await {
        match event {
            Event::Message { from, text, .. } => client.send(from, text)?,
            Event::Request { from } => client.allow(from)?,
            Event::Held { from, .. } => client.admit(from)?,
            Event::SignedOut(code) => return Err(Error::Refused(code)),
            _ => {}
        }
    }
    Ok(())
}
