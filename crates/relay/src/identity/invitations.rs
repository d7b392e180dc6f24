//! Links that let somebody in: `…/#invite=secret`. The secret stands behind the `#`, which browsers send to nobody, and is kept as
//! a hash. Whoever comes by a person's link is their contact from the first moment, and they theirs.

use std::net::IpAddr;
use std::time::Duration;

use lamplight_core::address::Principal;
use lamplight_core::code::{Code, Refusal};
use lamplight_core::presence::Note;
use lamplight_core::service::Input;
use lamplight_core::time::{Timestamp, millis};
use lamplight_core::wire::Class;

use super::passwords::Password;
use super::{Keeper, SignedIn, hash_of, names, only_accounts, refusal_of, secret};
use crate::clock::wall;
use crate::config::{Inviters, SignUp};
use crate::store::accounts::{self, Login, NewPrincipal, hosted};
use crate::store::audit;
use crate::store::invitations::{self, Invitation, Kind, New};

/// Most people that may come by one link.
const USES_MAX: u32 = 100;
/// Longest life of a link.
const LIFE_MAX: Duration = Duration::from_hours(90 * 24);
/// How long the link to the first admin holds; a restart makes a new one.
const FIRST_ADMIN_LIFE: Duration = Duration::from_hours(24);

/// What somebody wants of a link that they make.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub note: Option<String>,
    pub uses: Option<u32>,
    pub life: Option<Duration>,
}

/// The address of the page with a link's secret.
pub fn link(base: &str, secret: &str) -> String {
    format!("{}/#invite={secret}", base.trim_end_matches('/'))
}

/// A new link and its secret, which is told only now.
pub fn new(
    kind: Kind,
    of: Option<Principal>,
    wanted: &Wanted,
    life: Duration,
) -> Result<(New, String), Refusal> {
    let note = wanted.note.as_deref().map(Note::parse).transpose();
    let note = note.map_err(|_| Code::BadFrame.refusal())?;
    let (uses, life) = (wanted.uses.unwrap_or(1), wanted.life.unwrap_or(life));
    if !(1..=USES_MAX).contains(&uses) || life.is_zero() || life > LIFE_MAX {
        return Err(Code::BadFrame.refusal());
    }
    let made = wall();
    let new = New {
        kind,
        of,
        note: note.map(|note| note.as_str().to_owned()),
        made,
        until: Timestamp(made.0.saturating_add(millis(life))),
        uses,
    };
    Ok((new, secret()?))
}

impl Keeper {
    /// Makes a link by which others get an account and become contacts of the maker.
    pub async fn invite(
        &self,
        login: &Login,
        wanted: &Wanted,
    ) -> Result<(Invitation, String), Refusal> {
        self.may_invite(login)?;
        let life = self.config.accounts.invitation_life;
        let (new, secret) = new(Kind::Account, Some(login.principal.clone()), wanted, life)?;
        let (made, hash) = (new.clone(), hash_of(&secret));
        let id = self
            .decide(move |db| invitations::add(db, &new, &hash))
            .await?;
        let made = Invitation {
            id,
            kind: made.kind,
            of: made.of,
            note: made.note,
            made: made.made,
            until: made.until,
            remaining: made.uses,
            used: 0,
        };
        Ok((made, secret))
    }

    /// Whether this one may invite others here.
    pub fn may_invite(&self, login: &Login) -> Result<(), Refusal> {
        only_accounts(login)?;
        let accounts = &self.config.accounts;
        let inviters = accounts.invitations == Inviters::Accounts || login.admin;
        match inviters && accounts.sign_up != SignUp::Closed {
            true => Ok(()),
            false => Err(Code::NotAllowed.refusal()),
        }
    }

    /// The links of somebody.
    pub async fn invitations(&self, login: &Login) -> Result<Vec<Invitation>, Refusal> {
        only_accounts(login)?;
        let of = login.principal.clone();
        let found = self.store.read(move |db| invitations::list(db, Some(&of)));
        found.await.map_err(refusal_of)
    }

    /// Takes a link of one's own back.
    pub async fn revoke_invitation(&self, login: &Login, id: u64) -> Result<(), Refusal> {
        only_accounts(login)?;
        let of = login.principal.clone();
        self.decide(move |db| {
            let revoked = invitations::revoke(db, id, Some(&of))?;
            Ok(revoked.then_some(()).ok_or(Code::NotFound))
        })
        .await
    }

    /// What a link opens, for whoever brings its secret.
    pub async fn look_at_invitation(
        &self,
        secret: &str,
        ip: IpAddr,
    ) -> Result<Invitation, Refusal> {
        self.count_newcomer(ip)?;
        self.invitation(secret).await
    }

    async fn invitation(&self, secret: &str) -> Result<Invitation, Refusal> {
        let (hash, now) = (hash_of(secret), wall());
        let found = self.store.read(move |db| invitations::find(db, &hash, now));
        let found = found.await.map_err(refusal_of)?;
        let closed = self.config.accounts.sign_up == SignUp::Closed;
        found
            .filter(|found| found.kind != Kind::Account || !closed)
            .ok_or_else(|| Code::InvitationOver.refusal())
    }

    /// Makes an account by a link.
    pub async fn sign_up_invited(
        &self,
        name: &str,
        password: &str,
        invitation: &str,
        ip: IpAddr,
    ) -> Result<SignedIn, Refusal> {
        let name = self.read_name(name)?;
        names::may_be_taken(&name).map_err(Code::refusal)?;
        let password = Password::read(password).map_err(Code::refusal)?;
        self.count_newcomer(ip)?;
        // Before the hash, which is dear; asked again where it counts.
        if self.invitation(invitation).await?.kind == Kind::Password {
            return Err(Code::InvitationOver.refusal());
        }
        let hash = self.passwords.hash(password).await?;
        let new = NewPrincipal {
            principal: name.principal,
            class: Class::Account,
            skeleton: name.skeleton,
            password: Some(hash),
            at: wall(),
            expires: None,
        };
        let (principal, secret) = (new.principal.clone(), hash_of(invitation));
        let inviter = self
            .decide(move |db| {
                let Some(found) = invitations::find(db, &secret, new.at)? else {
                    return Ok(Err(Code::InvitationOver));
                };
                if let Some(code) = accounts::create(db, &new)?.refusal() {
                    return Ok(Err(code));
                }
                invitations::use_once(db, found.id)?;
                if found.kind == Kind::Admin {
                    hosted::set_admin(db, &new.principal, true)?;
                    let who = Some(&new.principal);
                    audit::note(db, new.at, who, "became an admin", new.principal.as_str())?;
                }
                if let Some(inviter) = &found.of {
                    invitations::introduce(db, inviter, &new.principal, new.at)?;
                }
                Ok(Ok(found.of))
            })
            .await?;
        self.tell(Input::Registered(principal.clone()));
        if let Some(inviter) = inviter {
            self.tell(Input::Changed(inviter));
        }
        let token = self.open_login(principal.clone()).await?;
        Ok(SignedIn {
            principal,
            class: Class::Account,
            token,
        })
    }

    /// Becomes a contact of whoever made the link, as somebody who has an account already.
    pub async fn accept_invitation(
        &self,
        login: &Login,
        invitation: &str,
        ip: IpAddr,
    ) -> Result<Principal, Refusal> {
        only_accounts(login)?;
        self.count_newcomer(ip)?;
        let (me, secret, at) = (login.principal.clone(), hash_of(invitation), wall());
        let inviter = self
            .decide(move |db| {
                let found = invitations::find(db, &secret, at)?;
                let found = found.filter(|found| found.kind == Kind::Account);
                let Some(inviter) = found.and_then(|found| found.of) else {
                    return Ok(Err(Code::InvitationOver));
                };
                if inviter == me {
                    return Ok(Err(Code::NotYourself));
                }
                invitations::introduce(db, &inviter, &me, at)?;
                Ok(Ok(inviter))
            })
            .await?;
        for changed in [&inviter, &login.principal] {
            self.tell(Input::Changed(changed.clone()));
        }
        Ok(inviter)
    }

    /// Sets a new password by a link. Every other login of the account ends.
    pub async fn set_password_by_link(
        &self,
        password: &str,
        invitation: &str,
        ip: IpAddr,
    ) -> Result<SignedIn, Refusal> {
        let password = Password::read(password).map_err(Code::refusal)?;
        self.count_newcomer(ip)?;
        if self.invitation(invitation).await?.kind != Kind::Password {
            return Err(Code::InvitationOver.refusal());
        }
        let hash = self.passwords.hash(password).await?;
        let (secret, at) = (hash_of(invitation), wall());
        let principal = self
            .decide(move |db| {
                let found = invitations::find(db, &secret, at)?;
                let found = found.filter(|found| found.kind == Kind::Password);
                let Some((id, Some(of))) = found.map(|found| (found.id, found.of)) else {
                    return Ok(Err(Code::InvitationOver));
                };
                accounts::set_password(db, &of, &hash)?;
                hosted::end_sessions(db, &of)?;
                invitations::revoke(db, id, None)?;
                Ok(Ok(of))
            })
            .await?;
        self.follow_outside().await;
        let token = self.open_login(principal.clone()).await?;
        Ok(SignedIn {
            principal,
            class: Class::Account,
            token,
        })
    }

    /// Where there is no admin yet: the secret of a link that makes one. Earlier ones hold no more.
    pub async fn first_admin(&self) -> Result<Option<String>, Refusal> {
        let there = self.store.read(hosted::admins).await.map_err(refusal_of)?;
        if there > 0 {
            return Ok(None);
        }
        let (new, secret) = new(Kind::Admin, None, &Wanted::default(), FIRST_ADMIN_LIFE)?;
        let hash = hash_of(&secret);
        self.decide(move |db| {
            invitations::revoke_all(db, Kind::Admin)?;
            invitations::add(db, &new, &hash)
        })
        .await?;
        Ok(Some(secret))
    }
}
