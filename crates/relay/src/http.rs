//! The relay over HTTP: which address does what. The doors themselves stand in the modules, one for each theme.
//!
//! Every answer carries the security headers. Whatever changes something passes the gate: the header `x-lamplight`, which no
//! page of another site can add, and from a browser exactly one of the relay's own origins.

mod account;
mod answer;
mod badge;
mod body;
mod circles;
mod cookie;
mod doors;
mod embed;
mod gate;
mod headers;
mod invitations;
mod keeper;
mod line;
mod pidf;
mod presence;
mod query;
mod sites;
mod visits;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::uri::PathAndQuery;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{delete, get, patch, post, put};
use lamplight_core::time::Timestamp;
use tokio::sync::watch;

use crate::clock::wall;
use crate::config::Config;
use crate::hub::Door;
use crate::identity::Keeper;
use crate::identity::rates::Rates;
use crate::listener::Visitor;
use crate::metrics::Metrics;
use crate::store::writer::Handle;
use cookie::Cookie;
use gate::Origins;
use headers::SecurityHeaders;
use lamplight_core::code::Code;

/// What all doors share.
pub struct Site {
    config: Arc<Config>,
    keeper: Arc<Keeper>,
    hub: Door,
    store: Handle,
    metrics: Arc<Metrics>,
    draining: watch::Receiver<bool>,
    started: Timestamp,
    origins: Origins,
    cookie: Cookie,
    headers: SecurityHeaders,
    /// Reports of browsers that are logged; all are counted.
    reports: Rates<()>,
    /// Presentities that are asked for.
    looks: Rates<presence::Asker>,
}

impl Site {
    /// `bound` is where the relay listens in fact.
    pub fn new(
        config: Arc<Config>,
        bound: SocketAddr,
        keeper: Arc<Keeper>,
        hub: Door,
        store: Handle,
        metrics: Arc<Metrics>,
        draining: watch::Receiver<bool>,
    ) -> Self {
        let origins = Origins::of(&config, bound);
        Self {
            cookie: Cookie::new(
                origins.are_https(),
                bound.port(),
                config.accounts.login_life,
            ),
            headers: SecurityHeaders::new(&origins),
            reports: Rates::new(keeper::REPORTS),
            looks: Rates::new(config.limits.looks),
            origins,
            config,
            keeper,
            hub,
            store,
            metrics,
            draining,
            started: wall(),
        }
    }

    /// Whoever came to a proxy without TLS is led to where browsers find the relay. What they sent along is not used: others on
    /// the way may have read it.
    fn lead_to_https(&self, request: &Request) -> Response {
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            return answer::refuse(&Code::WrongOrigin.refusal());
        }
        lead(self.config.relay.public_url.trim_end_matches('/'), request)
    }

    fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }
}

/// All addresses of the relay.
pub fn routes(site: Arc<Site>) -> Router {
    Router::new()
        .route("/v1/relay", get(doors::relay))
        .route("/v1/accounts", post(doors::sign_up))
        .route("/v1/guests", post(doors::enter_as_guest))
        .route("/v1/sessions", post(doors::sign_in))
        .route("/v1/sessions/current", delete(doors::sign_out))
        .route("/v1/sessions/current/confirm", post(doors::confirm))
        .route("/v1/account", delete(account::leave))
        .route("/v1/account/export", get(account::export))
        .route("/v1/session", get(doors::session))
        .route("/v1/tickets", post(doors::ticket))
        .route("/v1/groups", get(circles::groups).post(circles::make_group))
        .route("/v1/groups/{group}", delete(circles::drop_group))
        .route(
            "/v1/groups/{group}/members/{member}",
            put(circles::set_member).delete(circles::remove_member),
        )
        .route(
            "/v1/programs",
            get(circles::programs).post(circles::make_program),
        )
        .route("/v1/programs/{program}", delete(circles::drop_program))
        .route("/v1/tokens", get(circles::tokens).post(circles::make_token))
        .route("/v1/tokens/{id}", delete(circles::drop_token))
        .route(
            "/v1/invitations",
            get(invitations::list).post(invitations::make),
        )
        .route("/v1/invitations/{id}", delete(invitations::revoke))
        .route("/v1/invitations/look", post(invitations::look))
        .route("/v1/invitations/accept", post(invitations::accept))
        .route("/v1/passwords", post(invitations::set_password))
        .route("/v1/sites", get(sites::sites).post(sites::add))
        .route(
            "/v1/sites/{name}",
            patch(sites::change).delete(sites::remove),
        )
        .route("/v1/sites/{name}/rotate", post(sites::rotate))
        .route(
            "/v1/visitors",
            post(sites::receive).options(sites::may_bring),
        )
        .route("/v1/presence", get(presence::several))
        .route("/v1/presence/{address}", get(presence::one))
        .route("/v1/ws", get(line::open))
        .route("/v1/csp-reports", post(keeper::csp_report))
        .route("/embed/chat", get(embed::chat))
        .route("/healthz", get(keeper::healthy))
        .route("/readyz", get(keeper::ready))
        .route("/metrics", get(keeper::metrics))
        .fallback(keeper::page)
        .method_not_allowed_fallback(keeper::wrong_method)
        .layer(from_fn_with_state(Arc::clone(&site), guard))
        .with_state(site)
}

/// What a port without TLS answers: the way to the one with it.
pub fn leading_to(public_url: &str) -> Router {
    let base: Arc<str> = public_url.trim_end_matches('/').into();
    Router::new().fallback(move |request: Request| {
        let base = Arc::clone(&base);
        async move { lead(&base, &request) }
    })
}

fn lead(base: &str, request: &Request) -> Response {
    let path = request.uri().path_and_query();
    answer::moved(&format!("{base}{}", path.map_or("/", PathAndQuery::as_str)))
}

/// The answer to whoever has too much open.
pub fn too_many() -> Response {
    answer::refuse(&Code::TooManyRequests.refusal())
}

async fn guard(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let visitor = request.extensions().get::<Visitor>();
    let is_plain = visitor.is_some_and(|visitor| visitor.is_plain);
    let mut response = match site.origins.admit(&request) {
        Ok(()) if is_plain && site.origins.are_https() => site.lead_to_https(&request),
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            site.metrics.wrong_origins.up();
            answer::refuse(&refusal)
        }
    };
    site.headers.put(&mut response);
    response
}
