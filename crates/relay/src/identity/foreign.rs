//! Who comes in from a page of another site. What a browser sends by itself opens nothing there; what the page says must be its own to
//! say: a token with a scope is for whoever has it, the login of a site's visitor for the pages of that site, and a login of the
//! relay's own pages for none.

use lamplight_core::code::{Code, Refusal};
use lamplight_core::service::Identity;
use lamplight_core::wire::{Class, Credentials};

use super::programs::is_token;
use super::{Keeper, refusal_of};
use crate::store::sites::visitors::{self, Place};

impl Keeper {
    /// Who a hello says it is, from wherever: `page` is the origin of the page of another site that it came by.
    pub async fn authenticate_on(
        &self,
        credentials: &Credentials,
        page: Option<String>,
    ) -> Result<Identity, Refusal> {
        let Some(page) = page else {
            return self.authenticate(credentials).await;
        };
        let Credentials::Token(token) = credentials else {
            return Err(self.wrong_origin());
        };
        let identity = self.bearer(&token.0).await?;
        if is_token(&identity) || self.visits_here(&identity, page).await? {
            return Ok(identity);
        }
        Err(self.wrong_origin())
    }

    fn wrong_origin(&self) -> Refusal {
        self.metrics.wrong_origins.up();
        Code::WrongOrigin.refusal()
    }

    /// Whether this guest came in by the site that this page belongs to; or by a page that nobody registered, where those are let be.
    async fn visits_here(&self, identity: &Identity, page: String) -> Result<bool, Refusal> {
        if identity.class != Class::Guest {
            return Ok(false);
        }
        let guest = identity.principal.clone();
        let place = self
            .store
            .read(move |db| visitors::place(db, &guest, &page))
            .await;
        Ok(match place.map_err(refusal_of)? {
            Place::TheirSite => true,
            Place::NobodysPage => self.shows_everywhere(),
            Place::Elsewhere => false,
        })
    }
}
