//! The way from HTTP to a socket. A cookie opens nothing here: the first frame says who it is. A page of another site may open
//! one too, but comes in by it as a visitor, or by what that
//! page itself may say.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use lamplight_core::code::Code;
use lamplight_core::wire::Codec;

use super::{Site, answer, visits};
use crate::hub::Page;
use crate::listener::Visitor;
use crate::socket;

pub async fn open(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if site.is_draining() {
        return answer::refuse(&Code::Draining.refusal());
    }
    let Ok(upgrade) = upgrade else {
        return answer::refuse_with(StatusCode::UPGRADE_REQUIRED, &Code::BadFrame.refusal());
    };
    let names = [Codec::Cbor, Codec::Json].map(Codec::subprotocol);
    let upgrade = socket::with_limits(upgrade).protocols(names);
    let chosen = upgrade
        .selected_protocol()
        .and_then(|name| name.to_str().ok());
    let Some(codec) = chosen.and_then(socket::codec_of) else {
        return answer::refuse(&Code::WrongVersion.refusal());
    };
    let page = Page {
        other: site.origins.other(&headers),
        site: visits::from_site(&headers),
    };
    upgrade.on_upgrade(move |socket| async move {
        let outbox_max = site.config.connections.outbox.bytes();
        socket::converse(
            socket,
            (codec, page),
            site.hub.clone(),
            outbox_max,
            Arc::clone(&site.metrics),
        )
        .await;
        drop(visitor);
    })
}
