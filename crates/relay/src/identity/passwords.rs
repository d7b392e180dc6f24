//! Passwords: argon2id on threads of its own, as many at once as there are cores, with a short line before them.
//!
//! Hashing is slow on purpose, so without a bound a few hundred sign-ins would take every core and gigabytes of memory. Beyond
//! the line the answer is "later", at once. A name that nobody has costs the same hash as one that somebody has.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use lamplight_core::code::{Code, Refusal};
use precis_profiles::OpaqueString;
use precis_profiles::precis_core::profile::Profile;
use tokio::sync::Semaphore;

/// Shortest and longest password, characters (trust.md B6).
const LENGTH: std::ops::RangeInclusive<usize> = 10..=256;

/// A password that has the right length, in the one form that all keyboards lead to (RFC 8265, `OpaqueString`).
#[derive(Clone)]
pub struct Password(String);

impl Password {
    pub fn read(text: &str) -> Result<Self, Code> {
        // Four bytes a character at most: longer is not worth normalising.
        if text.len() > 4 * LENGTH.end() || !LENGTH.contains(&text.chars().count()) {
            return Err(Code::BadPassword);
        }
        let opaque = OpaqueString::new().enforce(text);
        opaque
            .map(|text| Self(text.into_owned()))
            .map_err(|_| Code::BadPassword)
    }
}

/// Whether a password was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Right,
    /// Right, but hashed with other costs than those set now.
    RightAndOld,
    Wrong,
}

/// Hashes and checks.
pub struct Passwords {
    params: Params,
    cores: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
    /// What a name that nobody has is checked against.
    dummy: Arc<str>,
}

impl Passwords {
    /// Costs in bytes of memory and passes over it.
    pub fn new(memory: u64, passes: u32, queue: u32) -> Result<Self, String> {
        let kib = u32::try_from(memory / 1024).map_err(|_| "too much memory".to_owned())?;
        let params = Params::new(kib, passes, 1, None).map_err(|error| error.to_string())?;
        let dummy = hash(params.clone(), "nobody has this password")?;
        let cores = available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self {
            params,
            cores: Arc::new(Semaphore::new(cores)),
            waiting: AtomicUsize::new(0),
            queue: cores + queue as usize,
            dummy: dummy.into(),
        })
    }

    /// A PHC string for a new password, on this thread: where nobody else waits for it.
    pub fn hash_here(&self, password: &Password) -> Result<String, String> {
        hash(self.params.clone(), &password.0)
    }

    /// A PHC string for a new password.
    pub async fn hash(&self, password: Password) -> Result<String, Refusal> {
        let params = self.params.clone();
        self.on_a_core(move || hash(params, &password.0))
            .await?
            .map_err(|_| Code::TryLater.refusal())
    }

    /// Checks a password against a PHC string, or against nothing at the same cost.
    pub async fn check(
        &self,
        password: Password,
        known: Option<String>,
    ) -> Result<Verdict, Refusal> {
        let exists = known.is_some();
        let phc = known.map_or_else(|| Arc::clone(&self.dummy), Into::into);
        let given = Arc::clone(&phc);
        let right = self
            .on_a_core(move || {
                Argon2::default()
                    .verify_password(password.0.as_bytes(), &*given)
                    .is_ok()
            })
            .await?;
        Ok(match right && exists {
            false => Verdict::Wrong,
            true if self.is_current(&phc) => Verdict::Right,
            true => Verdict::RightAndOld,
        })
    }

    fn is_current(&self, phc: &str) -> bool {
        let (m, t, p) = (
            self.params.m_cost(),
            self.params.t_cost(),
            self.params.p_cost(),
        );
        phc.starts_with(&format!("$argon2id$v=19$m={m},t={t},p={p}$"))
    }

    async fn on_a_core<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let _place = Place::take(&self.waiting, self.queue)?;
        let later = || Code::TryLater.refusal();
        let permit = Arc::clone(&self.cores).acquire_owned().await;
        let permit = permit.map_err(|_| later())?;
        let work = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        work.await.map_err(|_| later())
    }
}

/// A place in the line, given back when it is dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, most: usize) -> Result<Self, Refusal> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= most {
            return Err(Code::TryLater.refusal_after(Duration::from_secs(2)));
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn hash(params: Params, password: &str) -> Result<String, String> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap(passes: u32, queue: u32) -> Passwords {
        Passwords::new(8 * 1024, passes, queue).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::read(text).unwrap_or_else(|_| panic!("{text} is a password"))
    }

    #[test]
    fn a_password_has_10_to_256_characters() {
        assert!(Password::read(&"é".repeat(10)).is_ok());
        assert!(Password::read(&"é".repeat(256)).is_ok());
        assert!(Password::read(&"é".repeat(9)).is_err());
        assert!(Password::read(&"a".repeat(257)).is_err());
        assert!(Password::read("line\nbreak in it").is_err());
    }

    #[tokio::test]
    async fn only_the_right_password_of_an_existing_account_is_right() {
        let passwords = cheap(1, 8);
        let known = passwords.hash(password("correct horse")).await.unwrap();
        let check = async |text: &str, known: Option<String>| {
            passwords.check(password(text), known).await.unwrap()
        };
        assert_eq!(
            check("correct horse", Some(known.clone())).await,
            Verdict::Right
        );
        assert_eq!(check("incorrect horse", Some(known)).await, Verdict::Wrong);
        assert_eq!(
            check("nobody has this password", None).await,
            Verdict::Wrong
        );
    }

    #[tokio::test]
    async fn a_hash_with_other_costs_is_renewed() {
        let known = cheap(1, 8).hash(password("correct horse")).await.unwrap();
        let verdict = cheap(2, 8)
            .check(password("correct horse"), Some(known))
            .await;
        assert_eq!(verdict.unwrap(), Verdict::RightAndOld);
    }

    #[tokio::test]
    async fn who_finds_the_line_full_is_told_when_to_come_back() {
        let passwords = cheap(1, 0);
        let cores = passwords.queue;
        let held = Arc::clone(&passwords.cores)
            .acquire_many_owned(cores as u32)
            .await;
        let waiting: Vec<_> = (0..cores)
            .map(|_| Place::take(&passwords.waiting, cores))
            .collect();
        let refused = passwords.hash(password("correct horse")).await.unwrap_err();
        assert_eq!(refused.code, Code::TryLater);
        assert!(matches!(
            refused.retry,
            lamplight_core::code::Retry::AfterMs(_)
        ));
        drop((waiting, held));
        assert!(passwords.hash(password("correct horse")).await.is_ok());
    }
}
