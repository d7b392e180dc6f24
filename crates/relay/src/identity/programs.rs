//! Programs and their tokens. A token is a secret of 256 random bits that may do what its scope says and nothing else; it is shown
//! once and kept as a hash. An account has tokens for programs that act for it, and programs that are principals of their own.

use std::net::IpAddr;

use lamplight_core::address::Principal;
use lamplight_core::code::{Code, Refusal};
use lamplight_core::presence::Note;
use lamplight_core::service::{Identity, Input, Scope};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::Class;

use super::{Keeper, TOUCH_EVERY_MS, hash_of, only_accounts, refusal_of, secret};
use crate::clock::wall;
use crate::store::accounts::Login;
use crate::store::accounts::members::{self, Circle};
use crate::store::accounts::tokens::{self, Bearer, Token};

/// What tells the number of a token from that of a login, where either may have opened a session.
const TOKEN: u64 = 1 << 63;

/// Whether somebody came in by a token with a scope, and not by a login.
pub(super) fn is_token(identity: &Identity) -> bool {
    identity.login & TOKEN != 0
}

/// A token that was just made: the only time its secret is told.
pub struct NewToken {
    pub token: Token,
    pub secret: String,
}

impl Keeper {
    /// Makes a token of one's own, or of a program of one's own.
    pub async fn make_token(
        &self,
        login: &Login,
        of: Option<&str>,
        name: &str,
        scope: Scope,
    ) -> Result<NewToken, Refusal> {
        let of = self.token_bearer(login, of).await?;
        let made = NewToken::new(name, scope)?;
        let (token, hash) = (made.token.clone(), hash_of(&made.secret));
        let id = self
            .decide(move |db| tokens::add(db, &of, &token.name, &hash, scope, token.created))
            .await?;
        Ok(made.numbered(id))
    }

    /// The tokens of oneself, or of a program of one's own.
    pub async fn tokens(&self, login: &Login, of: Option<&str>) -> Result<Vec<Token>, Refusal> {
        let of = self.token_bearer(login, of).await?;
        let found = self.store.read(move |db| tokens::list(db, &of));
        found.await.map_err(refusal_of)
    }

    /// Ends a token; the sessions that it opened close.
    pub async fn drop_token(&self, login: &Login, id: u64) -> Result<(), Refusal> {
        only_accounts(login)?;
        // A number that no row can have is none of anybody's tokens.
        if id >= TOKEN {
            return Err(Code::NotFound.refusal());
        }
        let by = login.principal.clone();
        let of = self.decide(move |db| tokens::remove(db, id, &by)).await?;
        self.tell(Input::Revoked(of, Some(TOKEN | id)));
        Ok(())
    }

    /// Makes a program with its first token.
    pub async fn make_program(
        &self,
        login: &Login,
        name: &str,
        scope: Scope,
        ip: IpAddr,
    ) -> Result<(Principal, NewToken), Refusal> {
        only_accounts(login)?;
        let new = self.new_circle(name, Class::Program)?;
        self.count_newcomer(ip)?;
        let made = NewToken::new("first", scope)?;
        let (program, owner) = (new.principal.clone(), login.principal.clone());
        let (of, token, hash) = (program.clone(), made.token.clone(), hash_of(&made.secret));
        let id = self
            .decide(move |db| {
                if let Err(code) = members::create_circle(db, &new, &owner, &[])? {
                    return Ok(Err(code));
                }
                tokens::add(db, &of, &token.name, &hash, scope, token.created)
            })
            .await?;
        self.tell(Input::Registered(program.clone()));
        Ok((program, made.numbered(id)))
    }

    /// The programs of someone.
    pub async fn programs(&self, login: &Login) -> Result<Vec<Circle>, Refusal> {
        self.circles(login, Class::Program).await
    }

    /// Ends a program with its tokens. Its sessions close.
    pub async fn drop_program(&self, login: &Login, program: &str) -> Result<(), Refusal> {
        self.drop_circle(login, program, Class::Program).await
    }

    /// Who comes in by a token.
    pub(super) async fn token_used(&self, token: Bearer, now: Timestamp) -> Identity {
        self.metrics.tokens_used.up();
        if now.0.saturating_sub(token.used.0) > TOUCH_EVERY_MS {
            let id = token.id;
            let touched = self.store.write(move |db| tokens::touch(db, id, now)).await;
            // Not noting a use costs nothing today.
            touched.unwrap_or_default();
        }
        Identity {
            scope: token.scope,
            ..Identity::new(token.principal, token.class, TOKEN | token.id)
        }
    }

    /// Whose tokens are meant: one's own, or those of a program of one's own.
    async fn token_bearer(&self, login: &Login, of: Option<&str>) -> Result<Principal, Refusal> {
        only_accounts(login)?;
        let Some(of) = of else {
            return Ok(login.principal.clone());
        };
        let (program, owner) = (self.circle(of)?, login.principal.clone());
        if program == owner {
            return Ok(owner);
        }
        let of = program.clone();
        let owns = self
            .store
            .read(move |db| members::owns(db, &of, Class::Program, &owner));
        match owns.await.map_err(refusal_of)? {
            true => Ok(program),
            false => Err(Code::NotAllowed.refusal()),
        }
    }
}

impl NewToken {
    fn new(name: &str, scope: Scope) -> Result<Self, Refusal> {
        // A name is what a person calls it: one line.
        let name = Note::parse(name).map_err(|_| Code::BadFrame.refusal())?;
        let token = Token {
            id: 0,
            name: name.as_str().to_owned(),
            scope,
            created: wall(),
            used: None,
        };
        Ok(Self {
            token,
            secret: secret()?,
        })
    }

    fn numbered(self, id: u64) -> Self {
        let token = Token { id, ..self.token };
        Self { token, ..self }
    }
}

/// A scope in words, as it stands in a request; nothing if a word means nothing or there is none.
pub fn read_scope(words: &[String]) -> Option<Scope> {
    let mut scope = Scope {
        watch: false,
        publish: false,
        send: false,
        read: false,
        manage: false,
    };
    for word in words {
        match word.as_str() {
            "watch" => scope.watch = true,
            "publish" => scope.publish = true,
            "send" => scope.send = true,
            "read" => scope.read = true,
            "manage" => scope.manage = true,
            _ => return None,
        }
    }
    (!words.is_empty()).then_some(scope)
}

/// A scope in words.
pub fn scope_words(scope: Scope) -> Vec<&'static str> {
    let parts = [
        (scope.watch, "watch"),
        (scope.publish, "publish"),
        (scope.send, "send"),
        (scope.read, "read"),
        (scope.manage, "manage"),
    ];
    parts
        .into_iter()
        .filter_map(|(has, word)| has.then_some(word))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_what_its_words_say_and_nothing_more() {
        let words = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        let scope = read_scope(&words(&["watch", "send"])).unwrap();
        assert_eq!(scope_words(scope), ["watch", "send"]);
        assert!(!scope.manage && !scope.read && !scope.publish);
        assert_eq!(read_scope(&words(&[])), None);
        assert_eq!(read_scope(&words(&["watch", "everything"])), None);
        let all = scope_words(Scope::ALL);
        assert_eq!(read_scope(&words(&all)), Some(Scope::ALL));
    }
}
