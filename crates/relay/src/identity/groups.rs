//! Groups: several accounts who appear as one principal (RFC 2778 2.6). A group has no password; a member speaks in its name by a
//! ticket that their own login was traded for, so whatever ends the login or the membership ends that too.

use std::net::IpAddr;

use lamplight_core::address::Principal;
use lamplight_core::code::{Code, Refusal};
use lamplight_core::service::Input;
use lamplight_core::wire::Class;

use super::{Keeper, names, only_accounts, refusal_of};
use crate::clock::wall;
use crate::store::accounts::members::{self, Circle, Member};
use crate::store::accounts::{Login, NewPrincipal};

impl Keeper {
    /// Makes a group, of which the maker is owner and member.
    pub async fn make_group(
        &self,
        login: &Login,
        name: &str,
        others: &[String],
        ip: IpAddr,
    ) -> Result<Circle, Refusal> {
        only_accounts(login)?;
        let others: Result<Vec<_>, _> = others.iter().map(|text| self.address(text)).collect();
        let others = others?;
        let new = self.new_circle(name, Class::Group)?;
        self.count_newcomer(ip)?;
        let (group, owner) = (new.principal.clone(), login.principal.clone());
        let joined = others.clone();
        self.decide(move |db| members::create_circle(db, &new, &owner, &joined))
            .await?;
        self.tell(Input::Registered(group.clone()));
        let mut members = vec![Member {
            principal: login.principal.clone(),
            owner: true,
        }];
        for principal in others {
            if members.iter().all(|member| member.principal != principal) {
                members.push(Member {
                    principal,
                    owner: false,
                });
            }
        }
        Ok(Circle {
            principal: group,
            members,
        })
    }

    /// The groups that someone is a member of.
    pub async fn groups(&self, login: &Login) -> Result<Vec<Circle>, Refusal> {
        self.circles(login, Class::Group).await
    }

    /// An owner takes an account in, or says whether a member owns the group as well.
    pub async fn set_member(
        &self,
        login: &Login,
        group: &str,
        member: &str,
        owner: Option<bool>,
    ) -> Result<(), Refusal> {
        let group = self.circle(group)?;
        let (by, member) = (login.principal.clone(), self.address(member)?);
        self.decide(move |db| members::set_member(db, &group, &by, &member, owner))
            .await
    }

    /// An owner sends a member away, or a member goes. Their sessions in the group's name close.
    pub async fn remove_member(
        &self,
        login: &Login,
        group: &str,
        member: &str,
    ) -> Result<(), Refusal> {
        let (group, member) = (self.circle(group)?, self.address(member)?);
        let (of, by) = (group.clone(), login.principal.clone());
        let logins = self
            .decide(move |db| members::remove_member(db, &of, &by, &member))
            .await?;
        for login in logins {
            self.tell(Input::Revoked(group.clone(), Some(login)));
        }
        Ok(())
    }

    /// An owner ends a group. All sessions in its name close.
    pub async fn drop_group(&self, login: &Login, group: &str) -> Result<(), Refusal> {
        self.drop_circle(login, group, Class::Group).await
    }

    /// The groups, or the programs, of someone.
    pub(super) async fn circles(
        &self,
        login: &Login,
        class: Class,
    ) -> Result<Vec<Circle>, Refusal> {
        let member = login.principal.clone();
        let found = self
            .store
            .read(move |db| members::circles_of(db, &member, class));
        found.await.map_err(refusal_of)
    }

    pub(super) async fn drop_circle(
        &self,
        login: &Login,
        name: &str,
        class: Class,
    ) -> Result<(), Refusal> {
        let circle = self.circle(name)?;
        let (of, by) = (circle.clone(), login.principal.clone());
        self.decide(move |db| members::drop_circle(db, &of, class, &by))
            .await?;
        self.tell(Input::Revoked(circle.clone(), None));
        self.tell(Input::Unregistered(circle));
        Ok(())
    }

    /// A principal without a password, if its name may be taken.
    pub(super) fn new_circle(&self, name: &str, class: Class) -> Result<NewPrincipal, Refusal> {
        let name = self.read_name(name)?;
        names::may_be_taken(&name).map_err(Code::refusal)?;
        Ok(NewPrincipal {
            principal: name.principal,
            class,
            skeleton: name.skeleton,
            password: None,
            at: wall(),
            expires: None,
        })
    }

    /// A group or a program as it is named; one that cannot exist is refused like one of others.
    pub fn circle(&self, text: &str) -> Result<Principal, Refusal> {
        let name = self.read_name(text);
        name.map(|name| name.principal)
            .map_err(|_| Code::NotAllowed.refusal())
    }

    /// An account as it is named.
    fn address(&self, text: &str) -> Result<Principal, Refusal> {
        let name = self.read_name(text);
        name.map(|name| name.principal)
            .map_err(|_| Code::UnknownAddress.refusal())
    }
}
