//! Who gets in, who does not, and what ends a login.

use std::time::Duration;

use lamplight_core::private::Private;
use lamplight_core::service::Scope;
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
            keeper: Keeper::new(Arc::new(config), store, sender, Arc::default()).unwrap(),
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

    let ticket = house.keeper.ticket(&login, None).await.unwrap();
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
    let ticket = Credentials::Ticket(Private(house.keeper.ticket(&login, None).await.unwrap()));
    let identity = house.keeper.authenticate(&ticket).await.unwrap();
    assert_eq!(identity.principal, alice.principal);
    assert_eq!(
        code(house.keeper.authenticate(&ticket).await),
        Code::NotSignedIn
    );

    let hasty = House::new(&[("accounts.ticket_life", "0 s")]);
    let bob = hasty.sign_up("bob").await.unwrap();
    let login = hasty.keeper.login(&bob.token).await.unwrap();
    let late = Credentials::Ticket(Private(hasty.keeper.ticket(&login, None).await.unwrap()));
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
        told.len() == 2 && told[0].starts_with("Revoked") && told[1].starts_with("Unregistered"),
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

#[tokio::test]
async fn a_password_said_again_makes_the_login_fresh_and_a_wrong_one_does_not() {
    let mut house = House::new(&[("accounts.failures", "2 then 1 per 1 h")]);
    let alice = house.sign_up("alice").await.unwrap();
    let login = house.keeper.login(&alice.token).await.unwrap();
    assert!(login.confirmed.0 > 0, "said at sign-up");
    house.told();
    for wrong in ["incorrect horse", "short"] {
        let answer = house.keeper.confirm(&login, wrong, HERE).await;
        assert_eq!(code(answer), Code::WrongCredentials);
    }
    assert_eq!(house.told(), [""; 0]);
    let hasty = house.keeper.confirm(&login, PASSWORD, HERE).await;
    assert_eq!(code(hasty), Code::TooManyRequests);
    let elsewhere = "192.0.2.1".parse().unwrap();
    let at = house.keeper.confirm(&login, PASSWORD, elsewhere).await;
    let at = at.map_err(|refusal| refusal.code).unwrap();
    let confirmed = Input::Confirmed(alice.principal.clone(), login.id, at);
    assert_eq!(house.told(), [format!("{confirmed:?}")]);
    let login = house.keeper.login(&alice.token).await.unwrap();
    assert_eq!(login.confirmed, at);
    let identity = identity_of(&login);
    assert_eq!(identity.login_at(at), lamplight_core::rules::Login::Fresh);
}

#[tokio::test]
async fn a_guest_has_no_password_to_say_and_is_never_fresh() {
    let house = House::new(&[]);
    let guest = house.keeper.enter_as_guest(HERE).await;
    let guest = guest.map_err(|refusal| refusal.code).unwrap();
    let login = house.keeper.login(&guest.token).await.unwrap();
    assert_eq!(login.confirmed, Timestamp(0));
    let answer = house.keeper.confirm(&login, PASSWORD, HERE).await;
    assert_eq!(code(answer), Code::WrongCredentials);
    let group = house.keeper.make_group(&login, "helpers", &[], HERE).await;
    assert_eq!(
        group.err().map(|refusal| refusal.code),
        Some(Code::NotAllowed)
    );
}

/// A group of alice's with bob in it, and their logins.
async fn helpers(house: &House) -> (Login, Login, Principal) {
    let mut logins = Vec::new();
    for name in ["alice", "bob"] {
        let entered = house.sign_up(name).await.unwrap();
        logins.push(house.keeper.login(&entered.token).await.unwrap());
    }
    let members = ["bob".to_owned(), "bob@localhost".to_owned()];
    let group = house
        .keeper
        .make_group(&logins[0], "Helpers", &members, HERE)
        .await
        .map_err(|refusal| refusal.code)
        .unwrap();
    assert_eq!(group.members.len(), 2, "bob stands there once");
    let bob = logins.pop().unwrap();
    (logins.pop().unwrap(), bob, group.principal)
}

async fn speaks(house: &House, login: &Login, group: &Principal) -> Result<Identity, Refusal> {
    let ticket = house.keeper.ticket(login, Some(group)).await?;
    let ticket = Credentials::Ticket(Private(ticket));
    house.keeper.authenticate(&ticket).await
}

#[tokio::test]
async fn a_member_speaks_for_the_group_until_sent_away() {
    let mut house = House::new(&[]);
    let (alice, bob, group) = helpers(&house).await;
    let identity = speaks(&house, &bob, &group).await.unwrap();
    assert_eq!(
        (identity.principal.as_str(), identity.class),
        ("helpers@localhost", Class::Group)
    );
    assert_eq!(identity.by, Some(bob.principal.clone()));
    assert_eq!(
        (identity.login, identity.confirmed),
        (bob.id, bob.confirmed)
    );

    // A ticket that was made before does not outlive the membership.
    let early = house.keeper.ticket(&bob, Some(&group)).await.unwrap();
    house.told();
    house
        .keeper
        .remove_member(&alice, "helpers", "bob")
        .await
        .unwrap();
    let revoked = Input::Revoked(group.clone(), Some(bob.id));
    assert_eq!(house.told(), [format!("{revoked:?}")]);
    let early = Credentials::Ticket(Private(early));
    let late = house.keeper.authenticate(&early).await;
    assert_eq!(code(late), Code::NotSignedIn);
    assert_eq!(code(speaks(&house, &bob, &group).await), Code::NotAllowed);
    // A group that is not there is refused alike.
    let nobody = Principal::parse("nobody@localhost").unwrap();
    let unknown = speaks(&house, &bob, &nobody).await.err();
    assert_eq!(unknown, speaks(&house, &bob, &group).await.err());
    assert_eq!(
        unknown,
        speaks(&house, &bob, &alice.principal).await.err(),
        "nobody speaks for another account"
    );
}

#[tokio::test]
async fn signing_out_ends_what_is_said_in_the_name_of_groups() {
    let mut house = House::new(&[]);
    let (_, bob, group) = helpers(&house).await;
    house.told();
    house.keeper.sign_out(&bob).await.unwrap();
    let revoked = [&bob.principal, &group]
        .map(|principal| format!("{:?}", Input::Revoked(principal.clone(), Some(bob.id))));
    assert_eq!(house.told(), revoked);
}

#[tokio::test]
async fn a_login_that_ran_out_ends_what_is_said_in_the_name_of_groups() {
    let mut house = House::new(&[]);
    let (_, bob, group) = helpers(&house).await;
    let ticket = house.keeper.ticket(&bob, Some(&group)).await.unwrap();
    let id = i64::try_from(bob.id).unwrap();
    let aged = house
        .keeper
        .store
        .write(move |db| db.execute("UPDATE logins SET used = 0 WHERE id = ?1", [id]));
    assert_eq!(aged.await, Ok(1));
    house.told();
    assert!(!house.keeper.sweep().await);
    let revoked = [&bob.principal, &group]
        .map(|principal| format!("{:?}", Input::Revoked(principal.clone(), Some(bob.id))));
    assert_eq!(house.told(), revoked);
    let ticket = Credentials::Ticket(Private(ticket));
    assert_eq!(
        code(house.keeper.authenticate(&ticket).await),
        Code::NotSignedIn
    );
}

#[tokio::test]
async fn only_owners_decide_about_a_group_and_the_last_one_stays() {
    let house = House::new(&[]);
    let (alice, bob, _) = helpers(&house).await;
    let keeper = &house.keeper;
    house.sign_up("carol").await.unwrap();
    let set = async |by: &Login, member: &str, owner: Option<bool>| {
        let set = keeper.set_member(by, "helpers", member, owner).await;
        set.map_err(|refusal| refusal.code)
    };
    assert_eq!(set(&bob, "carol", None).await, Err(Code::NotAllowed));
    assert_eq!(set(&alice, "nobody", None).await, Err(Code::UnknownAddress));
    assert_eq!(
        set(&alice, "helpers", None).await,
        Err(Code::UnknownAddress)
    );
    assert_eq!(set(&alice, "carol", None).await, Ok(()));
    let away = async |by: &Login, member: &str| {
        let away = keeper.remove_member(by, "helpers", member).await;
        away.map_err(|refusal| refusal.code)
    };
    assert_eq!(away(&bob, "carol").await, Err(Code::NotAllowed));
    assert_eq!(away(&alice, "alice").await, Err(Code::NotAllowed));
    assert_eq!(
        set(&alice, "alice", Some(false)).await,
        Err(Code::NotAllowed)
    );
    assert_eq!(set(&alice, "bob", Some(true)).await, Ok(()));
    assert_eq!(away(&alice, "alice").await, Ok(()));
    assert_eq!(
        code(keeper.drop_group(&alice, "helpers").await),
        Code::NotAllowed
    );
    assert_eq!(away(&bob, "carol").await, Ok(()));
    let groups = keeper.groups(&bob).await.unwrap();
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0].members.len(), 1);
    keeper.drop_group(&bob, "helpers").await.unwrap();
    assert_eq!(keeper.groups(&bob).await.unwrap(), []);
    assert_eq!(
        code(keeper.drop_group(&bob, "helpers").await),
        Code::NotAllowed
    );
}

#[tokio::test]
async fn names_of_groups_are_names_and_there_are_so_many() {
    let house = House::new(&[]);
    let alice = house.sign_up("alice").await.unwrap();
    let login = house.keeper.login(&alice.token).await.unwrap();
    let make = async |name: &str, members: &[String]| {
        let made = house.keeper.make_group(&login, name, members, HERE).await;
        made.map(|_| ()).map_err(|refusal| refusal.code)
    };
    assert_eq!(make("alice", &[]).await, Err(Code::NameTaken));
    assert_eq!(make("a1ice", &[]).await, Err(Code::NameLooksAlike));
    assert_eq!(make("admin", &[]).await, Err(Code::NameTaken));
    assert_eq!(make("two words", &[]).await, Err(Code::BadName));
    let nobody = ["nobody".to_owned()];
    assert_eq!(make("helpers", &nobody).await, Err(Code::UnknownAddress));
    let letters = 'a'..='t';
    for letter in letters {
        assert_eq!(make(&format!("group-{letter}"), &[]).await, Ok(()));
    }
    assert_eq!(make("helpers", &[]).await, Err(Code::TooManyAddresses));
    assert_eq!(house.sign_up("group-a").await.err(), Some(Code::NameTaken));
}

#[tokio::test]
async fn a_token_lets_in_with_its_scope_until_it_is_ended() {
    let mut house = House::new(&[]);
    let alice = house.sign_up("alice").await.unwrap();
    let login = house.keeper.login(&alice.token).await.unwrap();
    let scope = programs::read_scope(&["watch".to_owned()]).unwrap();
    let made = house
        .keeper
        .make_token(&login, None, "lamp on my desk", scope);
    let made = made.await.map_err(|refusal| refusal.code).unwrap();
    assert!(made.secret.starts_with("lamp_"));
    let token = Credentials::Token(Private(made.secret.clone()));
    let identity = house.keeper.authenticate(&token).await.unwrap();
    assert_eq!(
        (identity.principal.clone(), identity.scope),
        (alice.principal.clone(), scope)
    );
    assert_eq!(
        identity.login_at(wall()),
        lamplight_core::rules::Login::Program
    );
    assert_ne!(identity.login, login.id);
    // It opens no door at which logins are asked for.
    assert_eq!(
        code(house.keeper.login(&made.secret).await),
        Code::NotSignedIn
    );
    let listed = house.keeper.tokens(&login, None).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].name.as_str(), listed[0].scope),
        ("lamp on my desk", scope)
    );
    assert!(listed[0].used.is_some());

    house.sign_up("bob").await.unwrap();
    let bob = house.sign_in("bob", PASSWORD).await;
    let bob = bob.map_err(|refusal| refusal.code).unwrap();
    let bob = house.keeper.login(&bob.token).await.unwrap();
    house.told();
    let foreign = house.keeper.drop_token(&bob, made.token.id).await;
    assert_eq!(code(foreign), Code::NotFound);
    house
        .keeper
        .drop_token(&login, made.token.id)
        .await
        .unwrap();
    let revoked = Input::Revoked(alice.principal, Some(identity.login));
    assert_eq!(house.told(), [format!("{revoked:?}")]);
    assert_eq!(
        code(house.keeper.authenticate(&token).await),
        Code::NotSignedIn
    );
}

#[tokio::test]
async fn a_program_is_a_principal_of_its_maker_with_tokens_of_its_own() {
    let mut house = House::new(&[]);
    let alice = house.sign_up("alice").await.unwrap();
    let login = house.keeper.login(&alice.token).await.unwrap();
    let made = house
        .keeper
        .make_program(&login, "door-bell", Scope::ALL, HERE);
    let (program, first) = made.await.map_err(|refusal| refusal.code).unwrap();
    assert_eq!(program.as_str(), "door-bell@localhost");
    let identity = house.keeper.bearer(&first.secret).await.unwrap();
    assert_eq!(
        (&identity.principal, identity.class),
        (&program, Class::Program)
    );
    let more = house
        .keeper
        .make_token(&login, Some("door-bell"), "second", Scope::ALL);
    assert!(more.await.is_ok());
    let tokens = house
        .keeper
        .tokens(&login, Some("door-bell"))
        .await
        .unwrap();
    assert_eq!(tokens.len(), 2);
    assert_eq!(house.keeper.programs(&login).await.unwrap().len(), 1);
    assert_eq!(house.keeper.groups(&login).await.unwrap(), []);

    let bob = house.sign_up("bob").await.unwrap();
    let bob = house.keeper.login(&bob.token).await.unwrap();
    let foreign = house.keeper.tokens(&bob, Some("door-bell")).await;
    assert_eq!(foreign.err().unwrap().code, Code::NotAllowed);
    assert_eq!(
        code(house.keeper.drop_program(&bob, "door-bell").await),
        Code::NotAllowed
    );
    assert_eq!(
        code(house.keeper.drop_group(&login, "door-bell").await),
        Code::NotAllowed,
        "a program is no group"
    );
    house.told();
    house
        .keeper
        .drop_program(&login, "door-bell")
        .await
        .unwrap();
    let gone = [
        Input::Revoked(program.clone(), None),
        Input::Unregistered(program),
    ];
    assert_eq!(house.told(), gone.map(|one| format!("{one:?}")));
    assert_eq!(
        house.keeper.bearer(&first.secret).await.err().unwrap().code,
        Code::NotSignedIn
    );
}

#[tokio::test]
async fn there_are_so_many_tokens_of_one_principal() {
    let house = House::new(&[]);
    let alice = house.sign_up("alice").await.unwrap();
    let login = house.keeper.login(&alice.token).await.unwrap();
    for _ in 0..20 {
        let made = house.keeper.make_token(&login, None, "one", Scope::ALL);
        assert!(made.await.is_ok());
    }
    let beyond = house.keeper.make_token(&login, None, "one", Scope::ALL);
    let beyond = beyond.await.err().map(|refusal| refusal.code);
    assert_eq!(beyond, Some(Code::TooManyAddresses));
    let nameless = house.keeper.make_token(&login, None, " ", Scope::ALL);
    let nameless = nameless.await.err().map(|refusal| refusal.code);
    assert_eq!(nameless, Some(Code::BadFrame));
}
