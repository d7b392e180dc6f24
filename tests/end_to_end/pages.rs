//! Pages of other sites that draw their own interface: whom they may bring in, and by what their scripts open lines.

use std::time::Duration;

use lamplight_core::code::Code;
use lamplight_core::private::Private;
use lamplight_core::wire::{Codec, Credentials, ToAgent, VERSION};
use lamplight_tests::outside::http::Request;
use lamplight_tests::outside::line::hello;
use lamplight_tests::outside::{Line, Relay};
use serde_json::json;

use crate::asking::done;
use crate::doors::refuses;
use crate::sites::{SHOP, options};
use crate::visitors::{brings, shop};

const EVIL: &str = "https://evil.example";

/// What becomes of a hello by this secret from a page of this origin: a welcome, or the code of the end.
async fn says_hello(relay: &Relay, origin: &str, secret: &str) -> Result<(), Option<Code>> {
    let mut line = Line::open_as(relay.address(), Codec::Cbor, &[("origin", origin)]).await;
    let credentials = Credentials::Token(Private(secret.into()));
    line.send(&hello(VERSION, credentials, None)).await;
    match line.next().await {
        Ok(ToAgent::Welcome { .. }) => Ok(()),
        Ok(ToAgent::Refused { refusal, .. } | ToAgent::Goodbye { refusal }) => {
            Err(Some(refusal.code))
        }
        _ => Err(line
            .end(Duration::from_secs(5))
            .await
            .and_then(|end| end.goodbye)),
    }
}

#[tokio::test]
async fn a_page_brings_visitors_of_its_own_site_alone() {
    let relay = Relay::start(options()).await;
    let (_, backend) = shop(&relay, json!({})).await;
    let token = backend.mints("customer 17");
    let body = json!({ "origin": SHOP, "token": token });
    let brought_by = |page: &str| Request::page_post(page, "/v1/visitors", &body);

    refuses(&relay.call(&brought_by(EVIL)).await, 403, Code::WrongOrigin);
    let two = brought_by(SHOP).header("origin", EVIL);
    refuses(&relay.call(&two).await, 403, Code::WrongOrigin);
    let bare = brought_by(SHOP).without("x-lamplight");
    refuses(&relay.call(&bare).await, 403, Code::WrongOrigin);
    let wrong = relay.metric("lamplight_wrong_origins_total").await;
    assert_eq!(wrong, Some(3.0));

    // None of them has used the token. Their own page has it, and may read the answer.
    let asks = Request::new("OPTIONS", "/v1/visitors")
        .header("origin", SHOP)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-lamplight");
    let may = relay.call(&asks).await;
    assert_eq!(may.status, 204);
    assert_eq!(may.header("access-control-allow-origin"), Some("*"));
    assert_eq!(may.header("access-control-allow-methods"), Some("POST"));
    let headers = may.header("access-control-allow-headers");
    assert_eq!(headers, Some("content-type, x-lamplight"));
    assert_eq!(may.header("access-control-allow-credentials"), None);
    let came = relay.call(&brought_by(SHOP)).await;
    assert_eq!(came.status, 201, "{}", came.text());
    assert_eq!(came.header("access-control-allow-origin"), Some("*"));
    let again = relay.call(&brought_by(SHOP)).await;
    refuses(&again, 403, Code::TokenUsed);
    assert_eq!(again.header("access-control-allow-origin"), Some("*"));
    // Nothing else is asked by pages of other sites.
    let other = Request::new("OPTIONS", "/v1/sessions").header("origin", SHOP);
    refuses(&relay.call(&other).await, 403, Code::WrongOrigin);
}

#[tokio::test]
async fn a_script_of_another_site_comes_in_by_what_is_its_own_to_say() {
    let relay = Relay::start(options()).await;
    let (alice, backend) = shop(&relay, json!({})).await;
    let visitor = brings(&relay, &backend.mints("customer 17")).await;
    let visitor = visitor.field("token");
    let wrong = Err(Some(Code::WrongOrigin));

    assert_eq!(says_hello(&relay, SHOP, &visitor).await, Ok(()));
    assert_eq!(says_hello(&relay, &relay.origin(), &visitor).await, Ok(()));
    for page in [EVIL, "null", "", "https://shop.example.evil.example"] {
        assert_eq!(says_hello(&relay, page, &visitor).await, wrong, "{page:?}");
        // What alice's own programs hold is for no page of another site.
        assert_eq!(says_hello(&relay, page, &alice.token).await, wrong);
    }
    assert_eq!(says_hello(&relay, SHOP, &alice.token).await, wrong);

    let guest = Request::page_post(&relay.origin(), "/v1/guests", &json!({}));
    let guest = relay.call(&guest).await;
    let guest = guest.cookie().expect("a cookie");
    let (_, guest) = guest.split_once('=').expect("a name and a value");
    assert_eq!(says_hello(&relay, SHOP, guest).await, wrong);
    let counted = relay.metric("lamplight_wrong_origins_total").await;
    assert_eq!(counted, Some(10.0));

    // A token with a scope is for whoever has it.
    let body = json!({ "name": "a script", "scope": ["watch"] });
    let scoped = done(&relay, &alice, "POST", "/v1/tokens", Some(body)).await;
    assert_eq!(
        says_hello(&relay, EVIL, &scoped.field("token")).await,
        Ok(())
    );
    assert_eq!(
        says_hello(&relay, EVIL, "lamp_guessed").await,
        Err(Some(Code::NotSignedIn))
    );
}
