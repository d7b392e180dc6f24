//! ACCESS RULES (RFC 2778 2.3): what each watcher gets of a presentity.

use alloc::vec::Vec;

use crate::cbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::{Login, Onlooker, Who, meets};
use crate::address::TupleId;
use crate::code::Code;
use crate::presence::{Activity, PresenceTuple};
use crate::time::Timestamp;

/// Most rules of one presentity or inbox.
pub const RULES_MAX: usize = 50;
/// Most means that one rule names.
const MEANS_MAX: usize = 8;

/// What a presentity has decided about a watcher, or about all of whom a rule speaks.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Sees everything.
    #[n(0)]
    Allow,
    /// Sees nothing and is told so.
    #[n(1)]
    Deny,
    /// Politely blocked: sees what they saw before, of someone who is not there, and is not told; messages never arrive.
    #[n(2)]
    Block,
    /// Sees nothing until the presentity has been asked and answers.
    #[n(3)]
    Ask,
    /// Sees whether one is available, and nothing else.
    #[n(4)]
    Availability,
    /// Sees these parts.
    #[n(5)]
    Chosen(#[n(0)] Part),
}

/// Which of the means to reach someone are shown. The inbox always is: it is what a message needs.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Shares {
    #[default]
    #[n(0)]
    All,
    #[n(1)]
    These(#[n(0)] Vec<TupleId>),
}

/// What of presence information is shown. What is not shown cannot be told from what is not there.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
pub struct Part {
    /// Busy and away. Without it: available, or not.
    #[n(0)]
    pub activity: bool,
    /// The free text.
    #[n(1)]
    pub note: bool,
    /// Each tab, phone and program. Without it they are one.
    #[n(2)]
    pub devices: bool,
    /// When one was last there.
    #[n(3)]
    pub last_seen: bool,
    #[n(4)]
    #[cbor(default)]
    #[serde(default)]
    pub means: Shares,
}

impl Part {
    /// Everything.
    pub const ALL: Self = Self {
        activity: true,
        note: true,
        devices: true,
        last_seen: true,
        means: Shares::All,
    };

    /// Available or not.
    pub const AVAILABILITY: Self = Self {
        activity: false,
        note: false,
        devices: false,
        last_seen: false,
        means: Shares::These(Vec::new()),
    };

    /// Whether this means is shown.
    pub fn has_means(&self, id: &TupleId) -> bool {
        match &self.means {
            Shares::All => true,
            Shares::These(ids) => ids.contains(id),
        }
    }
}

impl Decision {
    /// What is seen under this decision; nothing, if it shows nothing.
    pub fn part(&self) -> Option<Part> {
        match self {
            Self::Allow => Some(Part::ALL),
            Self::Availability => Some(Part::AVAILABILITY),
            Self::Chosen(part) => Some(part.clone()),
            Self::Deny | Self::Block | Self::Ask => None,
        }
    }

    /// Within the limits.
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Chosen(Part {
                means: Shares::These(ids),
                ..
            }) => ids.len() <= MEANS_MAX,
            _ => true,
        }
    }
}

/// One rule: of whom, from when to when, what they see and how they must have signed in for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct AccessRule {
    #[n(0)]
    pub who: Who,
    #[n(1)]
    pub decision: Decision,
    /// Whoever is less sure than this is asked to sign in (again) before they see anything.
    #[n(2)]
    #[cbor(default)]
    #[serde(default)]
    pub needs: Login,
    #[n(3)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// From this moment on the rule holds no more.
    #[n(4)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl AccessRule {
    fn holds(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }

    fn blocks(&self) -> bool {
        self.decision == Decision::Block
    }

    /// When it begins or ends next.
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        let moments = [self.from, self.until].into_iter().flatten();
        moments.filter(|moment| *moment > at).min()
    }
}

/// Whether a presentity wants to know who watches it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Demand {
    /// Whoever may see may hide.
    #[default]
    #[n(0)]
    Anyone,
    /// Only watchers that show their name get anything.
    #[n(1)]
    Named,
}

/// The rules of one presentity. Decisions about single persons stand before them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct AccessRules {
    /// At most [`RULES_MAX`].
    #[n(0)]
    #[cbor(default)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<AccessRule>,
    #[n(1)]
    #[cbor(default)]
    #[serde(default)]
    pub demand: Demand,
    /// How a device must have signed in to publish.
    #[n(2)]
    #[cbor(default)]
    #[serde(default)]
    pub publishing_needs: Login,
}

impl AccessRules {
    /// Within the limits.
    pub fn is_sound(&self) -> bool {
        let sound = |rule: &AccessRule| rule.who.is_sound() && rule.decision.is_sound();
        self.rules.len() <= RULES_MAX && self.rules.iter().all(sound)
    }

    /// Whether a rule asks who the principal's contacts are.
    pub fn speaks_of_contacts(&self) -> bool {
        let asks = |rule: &AccessRule| matches!(rule.who, Who::Group(_) | Who::Known);
        self.rules.iter().any(asks)
    }

    /// Whether a rule asks how lately someone signed in.
    pub fn speaks_of_fresh(&self) -> bool {
        let asks = |rule: &AccessRule| rule.needs == Login::Fresh;
        self.rules.iter().any(asks)
    }

    /// Whether a rule blocks anybody, now or ever.
    pub fn block(&self) -> bool {
        self.rules.iter().any(AccessRule::blocks)
    }

    /// The rules that hold at this moment up to the last that blocks: whom they block follows from these alone.
    pub fn blocking(&self, at: Timestamp) -> impl Iterator<Item = &AccessRule> {
        let holding = move || self.rules.iter().filter(move |rule| rule.holds(at));
        let behind = holding().rev().position(AccessRule::blocks);
        let count = behind.map_or(0, |behind| holding().count() - behind);
        holding().take(count)
    }

    /// When a rule begins or ends next.
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        let moments = self.rules.iter().filter_map(|rule| rule.next_change(at));
        moments.min()
    }
}

/// What one watcher sees of one presentity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sight {
    /// Their own: everything, and also what they hide from others.
    Own,
    /// This part.
    Shown(Part),
    /// Someone who is not there, though they are: this part of what they share while absent.
    Absent(Part),
    /// Politely blocked, and nothing is known of before: someone who is never there and never said more than sign-up did, as far as
    /// they would share this part.
    Never(Part),
    /// Nothing yet: they have not answered.
    Nothing,
    /// Nothing, and told why.
    Refused(Code),
}

impl Sight {
    /// Whether anything of the presentity's own is given: then the watcher has received, in the sense of WATCHER INFORMATION.
    pub fn gives(&self) -> bool {
        matches!(self, Self::Shown(_) | Self::Absent(_))
    }
}

/// Why; told to the presentity's principal alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Because {
    /// It is oneself.
    Oneself,
    /// It was decided about this one.
    Person,
    /// The rule at this place of the list: 0 is the first.
    Rule(usize),
    /// No rule speaks of them.
    Default,
}

/// The answer of [`view`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decided {
    pub sight: Sight,
    pub because: Because,
}

/// What a presentity has set by hand, as far as it bears on who sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    Visible,
    /// To be taken for absent by everyone else.
    Invisible,
}

impl Status {
    pub fn of(by_hand: Option<&PresenceTuple>) -> Self {
        match by_hand {
            Some(tuple) if tuple.status.has(&Activity::Invisible) => Self::Invisible,
            _ => Self::Visible,
        }
    }
}

/// ACCESS RULES: what another sees of a presentity. First what was decided about this one, then the first rule that speaks of
/// them, then the default: who has signed in is asked about, who has not gets nothing.
pub fn view(
    onlooker: &Onlooker<'_>,
    person: Option<&Decision>,
    rules: &AccessRules,
    status: Status,
    at: Timestamp,
) -> Decided {
    let (decision, needs, because) = decided(onlooker, person, rules, at);
    let sight = match (decision, decision.part()) {
        (Decision::Block, _) => blocked(onlooker, because, rules, at),
        (Decision::Ask, _) if onlooker.address.is_some() => Sight::Nothing,
        (_, None) => Sight::Refused(Code::NotAllowed),
        (_, Some(_)) if onlooker.login < needs => Sight::Refused(Code::SignInAgain),
        (_, Some(_)) if !meets(onlooker.visibility, rules.demand) => {
            Sight::Refused(Code::ShowYourself)
        }
        (_, Some(part)) => match status {
            Status::Visible => Sight::Shown(part),
            Status::Invisible => Sight::Absent(part),
        },
    };
    Decided { sight, because }
}

/// Which decision it is.
fn decided<'a>(
    onlooker: &Onlooker<'_>,
    person: Option<&'a Decision>,
    rules: &'a AccessRules,
    at: Timestamp,
) -> (&'a Decision, Login, Because) {
    let speaks = |rule: &AccessRule| rule.holds(at) && rule.who.is(onlooker);
    let rule = || rules.rules.iter().position(speaks);
    match (person, rule()) {
        (Some(decision), _) => (decision, Login::Nobody, Because::Person),
        (None, Some(place)) => {
            let rule = &rules.rules[place];
            (&rule.decision, rule.needs, Because::Rule(place))
        }
        (None, None) if onlooker.address.is_some() => {
            (&Decision::Ask, Login::Nobody, Because::Default)
        }
        (None, None) => (&Decision::Deny, Login::Nobody, Because::Default),
    }
}

/// Whether they are politely blocked.
pub fn blocks(
    onlooker: &Onlooker<'_>,
    person: Option<&Decision>,
    rules: &AccessRules,
    at: Timestamp,
) -> bool {
    *decided(onlooker, person, rules, at).0 == Decision::Block
}

/// What the politely blocked see is as much as the rules behind would show them, so that it is no other than absence; whom nobody
/// knows and nothing is shown to learns not even that there is someone.
fn blocked(onlooker: &Onlooker<'_>, because: Because, rules: &AccessRules, at: Timestamp) -> Sight {
    match behind(onlooker, because, rules, at) {
        Some(part) => Sight::Never(part),
        None if onlooker.address.is_some() => Sight::Never(Part::ALL),
        None => Sight::Refused(Code::NotAllowed),
    }
}

/// What the next rule behind the one that decided would show them.
pub fn behind(
    onlooker: &Onlooker<'_>,
    because: Because,
    rules: &AccessRules,
    at: Timestamp,
) -> Option<Part> {
    let behind = match because {
        Because::Rule(place) => place + 1,
        _ => 0,
    };
    let mut behind = rules.rules.iter().skip(behind);
    let next = behind.find(|rule| rule.holds(at) && rule.who.is(onlooker));
    next.and_then(|rule| rule.decision.part())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::rules::Visibility;
    use crate::wire::Class;
    use alloc::vec;

    const AT: Timestamp = Timestamp(1_000);

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn onlooker(address: &Address) -> Onlooker<'_> {
        Onlooker {
            address: Some(address),
            class: Some(Class::Account),
            login: Login::Account,
            ..Onlooker::default()
        }
    }

    fn rule(who: Who, decision: Decision) -> AccessRule {
        AccessRule {
            who,
            decision,
            needs: Login::Nobody,
            from: None,
            until: None,
        }
    }

    fn of(rules: Vec<AccessRule>) -> AccessRules {
        AccessRules {
            rules,
            ..AccessRules::default()
        }
    }

    fn sight(onlooker: &Onlooker<'_>, person: Option<&Decision>, rules: &AccessRules) -> Sight {
        view(onlooker, person, rules, Status::Visible, AT).sight
    }

    #[test]
    fn a_stranger_is_asked_about_and_nobody_gets_nothing() {
        let bob = address("bob@b");
        let none = AccessRules::default();
        assert_eq!(sight(&onlooker(&bob), None, &none), Sight::Nothing);
        let nobody = Onlooker::default();
        assert_eq!(
            sight(&nobody, None, &none),
            Sight::Refused(Code::NotAllowed)
        );
        let open = of(vec![rule(Who::Anyone, Decision::Availability)]);
        assert_eq!(
            sight(&nobody, None, &open),
            Sight::Shown(Part::AVAILABILITY)
        );
        let asks = of(vec![rule(Who::Anyone, Decision::Ask)]);
        assert_eq!(
            sight(&nobody, None, &asks),
            Sight::Refused(Code::NotAllowed)
        );
    }

    #[test]
    fn the_person_stands_before_the_rules_and_the_first_rule_before_the_others() {
        let bob = address("bob@b");
        let rules = of(vec![
            rule(Who::Domain("B".into()), Decision::Availability),
            rule(Who::Account, Decision::Allow),
        ]);
        let decided = |person| view(&onlooker(&bob), person, &rules, Status::Visible, AT);
        assert_eq!(
            decided(None),
            Decided {
                sight: Sight::Shown(Part::AVAILABILITY),
                because: Because::Rule(0)
            }
        );
        assert_eq!(
            decided(Some(&Decision::Block)).sight,
            Sight::Never(Part::AVAILABILITY)
        );
        assert_eq!(decided(Some(&Decision::Block)).because, Because::Person);
        let carol = address("carol@c");
        assert_eq!(
            view(&onlooker(&carol), None, &rules, Status::Visible, AT).because,
            Because::Rule(1)
        );
    }

    #[test]
    fn a_rule_holds_from_and_until() {
        let bob = address("bob@b");
        let mut timed = rule(Who::Account, Decision::Allow);
        timed.from = Some(Timestamp(2_000));
        timed.until = Some(Timestamp(3_000));
        let rules = of(vec![timed]);
        let at = |at| {
            view(
                &onlooker(&bob),
                None,
                &rules,
                Status::Visible,
                Timestamp(at),
            )
            .sight
        };
        assert_eq!(at(1_999), Sight::Nothing);
        assert_eq!(at(2_000), Sight::Shown(Part::ALL));
        assert_eq!(at(3_000), Sight::Nothing);
        assert_eq!(rules.next_change(AT), Some(Timestamp(2_000)));
        assert_eq!(rules.next_change(Timestamp(2_000)), Some(Timestamp(3_000)));
        assert_eq!(rules.next_change(Timestamp(3_000)), None);
    }

    #[test]
    fn who_is_not_sure_enough_is_asked_to_sign_in_and_sees_nothing_before() {
        let bob = address("bob@b");
        let mut strict = rule(Who::Account, Decision::Allow);
        strict.needs = Login::Fresh;
        let rules = of(vec![strict]);
        let mut onlooker = onlooker(&bob);
        assert_eq!(
            sight(&onlooker, None, &rules),
            Sight::Refused(Code::SignInAgain)
        );
        onlooker.login = Login::Fresh;
        assert_eq!(sight(&onlooker, None, &rules), Sight::Shown(Part::ALL));
    }

    #[test]
    fn who_hides_gets_nothing_of_someone_who_wants_to_know() {
        let bob = address("bob@b");
        let mut rules = of(vec![rule(Who::Account, Decision::Allow)]);
        rules.demand = Demand::Named;
        let mut onlooker = onlooker(&bob);
        assert_eq!(sight(&onlooker, None, &rules), Sight::Shown(Part::ALL));
        for hidden in [Visibility::Counted, Visibility::Hidden] {
            onlooker.visibility = hidden;
            assert_eq!(
                sight(&onlooker, None, &rules),
                Sight::Refused(Code::ShowYourself)
            );
            assert_eq!(
                sight(&onlooker, Some(&Decision::Block), &rules),
                Sight::Never(Part::ALL),
                "the blocked learn nothing of rules"
            );
        }
    }

    #[test]
    fn the_invisible_are_absent_to_all_who_may_see_and_the_blocked_never_see_anyone() {
        let bob = address("bob@b");
        let none = AccessRules::default();
        let decided =
            |person: &Decision| view(&onlooker(&bob), Some(person), &none, Status::Invisible, AT);
        assert_eq!(decided(&Decision::Allow).sight, Sight::Absent(Part::ALL));
        assert_eq!(
            decided(&Decision::Availability).sight,
            Sight::Absent(Part::AVAILABILITY)
        );
        assert_eq!(decided(&Decision::Block).sight, Sight::Never(Part::ALL));
    }
}
