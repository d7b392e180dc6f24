//! The document of a chat on a page of another site. The page shows it in a frame, and its origin is one of the site's: that is
//! what the document's policy says, and browsers hold to it.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use lamplight_core::code::{Code, Refusal};

use super::{Site, doors, headers, keeper, query, sites};

/// Among the page's files.
const DOCUMENT: &str = "/embed/chat";

/// The chat with `?to=`, for a page of `?origin=`.
pub async fn chat(
    State(site): State<Arc<Site>>,
    RawQuery(asked): RawQuery,
    brought: HeaderMap,
) -> Response {
    let work = async {
        let [to, origin] = ["to", "origin"].map(|name| one(asked.as_deref(), name));
        let frame = site.keeper.frame(&origin?, &to?).await;
        let frame = sites::counted(&site, frame)?;
        let mut response = keeper::file(DOCUMENT, &brought);
        headers::frame(&mut response, &site.origins, &frame.origins);
        Ok(response)
    };
    doors::answered(work.await)
}

/// A value that stands there exactly once.
fn one(asked: Option<&str>, name: &str) -> Result<String, Refusal> {
    let [value] = <[String; 1]>::try_from(query::values(asked, name)?)
        .map_err(|_| Code::UnknownSite.refusal())?;
    Ok(value)
}
