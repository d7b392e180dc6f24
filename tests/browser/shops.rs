//! Visitors of a site, as who answers them reads them.

use lamplight_core::address::{InboxAddress, MessageId, Presentity};
use lamplight_core::wire::{Codec, Contact, Standing, ToService};
use lamplight_tests::outside::http::Request;
use lamplight_tests::outside::{Account, Line, Options};
use lamplight_tests::room::body;
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::tree::starts;

const SHOP: &str = "https://shop.example";

/// A visitor of the shop says something to alice, and asks to see her.
async fn visits(stage: &Stage, name: Value) -> Line {
    let relay = &stage.relay;
    let visit = json!({ "origin": SHOP, "to": "alice@localhost", "name": name });
    let came = Request::page_post(&relay.origin(), "/v1/visitors", &visit);
    let came = relay.call(&came).await;
    assert_eq!(came.status, 201, "{}", came.text());
    let mut line = Line::hello(relay.address(), Codec::Json, &came.field("token"), None).await;
    let contact = Contact {
        presentity: Presentity::parse("alice@localhost").expect("an address"),
        petname: None,
        group: None,
    };
    let asks = ToService::Subscribe {
        number: 1,
        standing: Standing::Contact,
        contacts: vec![contact],
    };
    line.send(&asks).await;
    let says = ToService::Send {
        id: MessageId(1),
        to: InboxAddress::parse("alice@localhost").expect("an address"),
        body: body("Is it in stock?"),
        from: None,
    };
    line.send(&says).await;
    line
}

#[tokio::test]
async fn a_visitor_of_a_site_is_read_by_their_name_and_the_sites() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let alice = stage.person("alice").await;
    let program = Account::sign_in(&stage.relay, "alice").await;
    let site = json!({ "name": "shop.example", "origins": [SHOP], "guests": true });
    let site = Request::page_post(&stage.relay.origin(), "/v1/sites", &site);
    let made = stage.relay.call(&site.bearer(&program.token)).await;
    assert_eq!(made.status, 201, "{}", made.text());

    let _line = visits(&stage, "Maria".into()).await;
    let maria = "“Maria” · shop.example";
    let asks = format!("{maria} asks to see when you are there.");
    alice.sees("group", starts(&asks)).await;
    alice.click("link", "Messages from strangers 1").await;
    alice.sees("link", maria).await;
    alice.click("link", maria).await;
    alice.sees("heading", maria).await;
    alice
        .reads_messages(&[(maria, "Is it in stock?", "")])
        .await;
    alice.click("button", starts("Accept: guest-")).await;
    alice.says("It is").await;
    alice.sees("option", starts(&format!("{maria}, "))).await;
    // Also where it is kept in the browser alone.
    alice.reload().await;
    alice.is_in().await;
    alice.opens(maria).await;
    let _nameless = visits(&stage, Value::Null).await;
    alice.sees("group", starts("guest-")).await;
    alice
        .until("the name of the site", |tree| {
            let groups = tree.names("group");
            let named = |name: &String| name.contains(" · shop.example asks to see");
            (groups.iter().filter(|name| named(name)).count() == 2).then_some(())
        })
        .await;
    stage.ends_clean().await;
}
