//! Who gets in, who does not, and what ends a login.

use std::time::Duration;

use lamplight_core::private::Private;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::store::Store;
use crate::store::writer::{self, Threads};

const PASSWORD: &str = "correct horse";
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// A keeper over a store of its own.
struct House {
    keeper: Keeper,
    hub: UnboundedReceiver<Input>,
    threads: Option<Threads>,
    _folder: TempDir,
}

impl House {
    fn new(settings: &[(&str, &str)]) -> Self {
        let mut config = Config::default();
        let cheap = [
            ("accounts.password_memory", "8 KiB"),
            ("accounts.password_passes", "1"),
        ];
        for (key, text) in cheap.iter().chain(settings) {
            config.set(key, text).unwrap();
        }
        let folder = TempDir::new().unwrap();
        let (sender, hub) = unbounded_channel();
        let store = Store::open(folder.path()).unwrap();
        let (store, threads) = writer::start(store, sender.clone()).unwrap();
        Self {
            keeper: Keeper::new(Arc::new(config), store, sender).unwrap(),
            hub,
            threads: Some(threads),
            _folder: folder,
        }
    }

    async fn sign_up(&self, name: &str) -> Result<SignedIn, Code> {
        let entered = self.keeper.sign_up(name, PASSWORD, HERE).await;
        entered.map_err(|refusal| refusal.code)
    }

    async fn sign_in(&self, name: &str, password: &str) -> Result<SignedIn, Refusal> {
        self.keeper.sign_in(name, password, HERE).await
    }

    /// What the hub was told since last time.
    fn told(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.hub.try_recv().ok())
            .map(|input| format!("{input:?}"))
            .collect()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.keeper.store.stop();
        if let Some(threads) = self.threads.take() {
            threads.join();
        }
    }
}

fn code<T>(answer: Result<T, Refusal>) -> Code {
    answer.err().expect("a refusal").code
}

#[tokio::test]
async fn who_signed_up_signs_in_and_out() {
    let mut house = House::new(&[]);
    let alice = house.sign_up("Alice").await.unwrap();
    assert_eq!(alice.principal.as_str(), "alice@localhost");
    let login = house.keeper.login(&alice.token).await.unwrap();
    let again = house.sign_in("alice@localhost", PASSWORD).await.unwrap();
    assert_ne!(again.token, alice.token);
    let registered = format!("{:?}", Input::Registered(alice.principal.clone()));
    assert_eq!(house.told(), [registered]);

    let ticket = house.keeper.ticket(&login).unwrap();
    house.keeper.sign_out(&login).await.unwrap();
    let told = house.told();
    assert!(
        told.len() == 1 && told[0].starts_with("Revoked"),
        "{told:?}"
    );
    assert_eq!(
        code(house.keeper.login(&alice.token).await),
        Code::NotSignedIn
    );
    let ticket = Credentials::Ticket(Private(ticket));
    assert_eq!(
        code(house.keeper.authenticate(&ticket).await),
        Code::NotSignedIn
    );
    // The other login is another one.
    assert!(house.keeper.login(&again.token).await.is_ok());
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_are_one_answer() {
    let house = House::new(&[]);
    house.sign_up("alice").await.unwrap();
    let wrong = house.sign_in("alice", "incorrect horse").await.err();
    for (name, password) in [
        ("nobody", "incorrect horse"),
        ("alice", "short"),
        ("not a name", PASSWORD),
        ("alice@elsewhere", PASSWORD),
        ("", ""),
    ] {
        assert_eq!(
            house.sign_in(name, password).await.err(),
            wrong,
            "{name:?} {password:?}"
        );
    }
    assert_eq!(wrong.unwrap().code, Code::WrongCredentials);
}

#[tokio::test]
async fn wrong_passwords_have_to_wait_and_right_ones_do_not_count() {
    let house = House::new(&[("accounts.failures", "2 then 1 per 1 h")]);
    house.sign_up("alice").await.unwrap();
    for _ in 0..4 {
        house
            .sign_in("alice", PASSWORD)
            .await
            .map_err(|refusal| refusal.code)
            .unwrap();
    }
    for _ in 0..2 {
        assert_eq!(
            code(house.sign_in("alice", "incorrect horse").await),
            Code::WrongCredentials
        );
    }
    assert_eq!(
        code(house.sign_in("alice", PASSWORD).await),
        Code::TooManyRequests
    );
    // Nobody else is kept out, and from elsewhere neither is she.
    assert_eq!(
        code(house.sign_in("bob", "incorrect horse").await),
        Code::WrongCredentials
    );
    let elsewhere = "192.0.2.1".parse().unwrap();
    assert!(
        house
            .keeper
            .sign_in("alice", PASSWORD, elsewhere)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_taken_name_and_one_that_looks_like_it_are_refused() {
    let house = House::new(&[]);
    house.sign_up("bob").await.unwrap();
    for (name, expected) in [
        ("BOB", Code::NameTaken),
        ("b0b", Code::NameLooksAlike),
        ("admin", Code::NameTaken),
        ("a b", Code::BadName),
    ] {
        assert_eq!(house.sign_up(name).await.err(), Some(expected), "{name}");
    }
    let short = house.keeper.sign_up("carol", "too short", HERE).await;
    assert_eq!(code(short), Code::BadPassword);
}

#[tokio::test]
async fn closed_doors_are_closed_and_newcomers_are_counted() {
    let house = House::new(&[
        ("accounts.sign_up", "closed"),
        ("accounts.guests", "closed"),
    ]);
    assert_eq!(
        house.sign_up("alice").await.err(),
        Some(Code::RegistrationClosed)
    );
    assert_eq!(
        code(house.keeper.enter_as_guest(HERE).await),
        Code::GuestsClosed
    );

    let house = House::new(&[("accounts.new_accounts", "1 then 1 per 1 h")]);
    let elsewhere = "192.0.2.1".parse().unwrap();
    assert!(house.keeper.enter_as_guest(elsewhere).await.is_ok());
    assert_eq!(
        code(house.keeper.enter_as_guest(elsewhere).await),
        Code::TooManyRequests
    );
}

#[tokio::test]
async fn a_ticket_is_used_once_and_soon() {
    let house = House::new(&[]);
    let alice = house.sign_up("alice").await.unwrap();
    let login = house.keeper.login(&alice.token).await.unwrap();
    let ticket = Credentials::Ticket(Private(house.keeper.ticket(&login).unwrap()));
    let identity = house.keeper.authenticate(&ticket).await.unwrap();
    assert_eq!(identity.principal, alice.principal);
    assert_eq!(
        code(house.keeper.authenticate(&ticket).await),
        Code::NotSignedIn
    );

    let hasty = House::new(&[("accounts.ticket_life", "0 s")]);
    let bob = hasty.sign_up("bob").await.unwrap();
    let login = hasty.keeper.login(&bob.token).await.unwrap();
    let late = Credentials::Ticket(Private(hasty.keeper.ticket(&login).unwrap()));
    assert_eq!(
        code(hasty.keeper.authenticate(&late).await),
        Code::NotSignedIn
    );
}

#[tokio::test]
async fn a_guest_is_forgotten_when_its_time_is_over() {
    let mut house = House::new(&[("accounts.guest_life", "0 s")]);
    let guest = house
        .keeper
        .enter_as_guest(HERE)
        .await
        .map_err(|refusal| refusal.code)
        .unwrap();
    assert_eq!(guest.class, Class::Guest);
    assert_eq!(
        code(house.keeper.login(&guest.token).await),
        Code::NotSignedIn
    );
    house.told();
    assert!(!house.keeper.sweep().await, "one guest is not many");
    let told = house.told();
    assert!(
        told.len() == 1 && told[0].starts_with("Revoked"),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_login_that_nobody_used_is_over() {
    let house = House::new(&[]);
    let alice = house.sign_up("alice").await.unwrap();
    let login = house.keeper.login(&alice.token).await.unwrap();
    let after = |wait: Duration| Timestamp(login.used.0 + millis(wait));
    let accounts = &house.keeper.config.accounts;
    assert!(house.keeper.holds(&login, after(accounts.login_idle)));
    assert!(
        !house
            .keeper
            .holds(&login, after(accounts.login_idle + Duration::from_secs(1)))
    );
    let used = Login {
        used: after(accounts.login_life),
        ..login.clone()
    };
    assert!(
        !house
            .keeper
            .holds(&used, after(accounts.login_life + Duration::from_secs(1)))
    );
}
