//! What people may do with everything that is kept of them: have it, and have it gone.

use std::net::IpAddr;

use lamplight_core::code::{Code, Refusal};
use serde_json::Value;

use super::{Keeper, only_accounts, refusal_of};
use crate::clock::wall;
use crate::store::accounts::{Login, hosted};
use crate::store::{audit, export};

impl Keeper {
    /// Everything that is kept of somebody, for themselves.
    pub async fn export(&self, login: &Login) -> Result<Value, Refusal> {
        let of = login.principal.clone();
        let found = self.store.read(move |db| export::export(db, &of)).await;
        found
            .map_err(refusal_of)?
            .ok_or_else(|| Code::NotSignedIn.refusal())
    }

    /// Removes an account with everything that is kept for it. The password is said again; as slow, and as limited, as signing in.
    pub async fn leave(&self, login: &Login, password: &str, ip: IpAddr) -> Result<(), Refusal> {
        only_accounts(login)?;
        let of = self
            .hear_password(Some(login.principal.clone()), password, ip)
            .await?;
        self.decide(move |db| {
            let at = wall();
            audit::note(db, at, Some(&of), "left the relay", of.as_str())?;
            hosted::remove(db, &of, at)?;
            Ok(Ok(()))
        })
        .await?;
        self.follow_outside().await;
        Ok(())
    }
}
