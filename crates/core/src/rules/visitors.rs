//! What visitors of other sites get: one rule of the ACCESS RULES, which a person switches on and off without knowing of rules.
//! Off is how everyone begins, since whom no rule speaks of and nobody vouches for gets nothing.

use super::{AccessRule, AccessRules, Decision, Login, Who};

impl AccessRules {
    /// Shows visitors so much from now on; `None`: nothing. Nobody else sees more or less by that: the rule speaks of visitors
    /// alone. Rules about single sites go on standing before it.
    pub fn show_visitors(&mut self, decision: Option<Decision>) {
        let of_visitors = |rule: &AccessRule| matches!(rule.who, Who::Visitor);
        while let Some(at) = self.rules.iter().position(of_visitors) {
            self.rules.remove(at);
        }
        let of_anyone = |rule: &AccessRule| matches!(rule.who, Who::Anyone);
        let anyone = self.rules.iter().position(of_anyone);
        let decision = match (decision, anyone) {
            (Some(decision), _) => decision,
            // What everyone may see visitors see too, unless it is said that they do not.
            (None, Some(at)) if self.rules[at].decision.part().is_some() => Decision::Deny,
            (None, _) => return,
        };
        let rule = AccessRule {
            who: Who::Visitor,
            decision,
            needs: Login::Nobody,
            from: None,
            until: None,
        };
        self.rules.insert(anyone.unwrap_or(self.rules.len()), rule);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::rules::{Onlooker, Part, Sight, Status, view};
    use crate::time::Timestamp;
    use crate::wire::Class;
    use alloc::vec;

    const AT: Timestamp = Timestamp(1_000);

    fn rule(who: Who, decision: Decision) -> AccessRule {
        AccessRule {
            who,
            decision,
            needs: Login::Nobody,
            from: None,
            until: None,
        }
    }

    fn sight(rules: &AccessRules) -> Sight {
        view(&Onlooker::default(), None, rules, Status::Visible, AT).sight
    }

    fn get_nothing(rules: &AccessRules) -> bool {
        matches!(sight(rules), Sight::Refused(_))
    }

    #[test]
    fn visitors_get_nothing_until_it_is_switched_on_and_nobody_else_is_concerned() {
        let mut rules = AccessRules::default();
        assert!(get_nothing(&rules));
        rules.show_visitors(None);
        assert_eq!(rules, AccessRules::default(), "off is off");
        let bob = Address::parse("bob@b").unwrap();
        let bob = Onlooker {
            address: Some(&bob),
            class: Some(Class::Account),
            login: Login::Account,
            ..Onlooker::default()
        };
        let bobs = |rules: &AccessRules| view(&bob, None, rules, Status::Visible, AT).sight;
        for decision in [Decision::Availability, Decision::Allow] {
            rules.show_visitors(Some(decision.clone()));
            assert_eq!(Some(sight(&rules)), decision.part().map(Sight::Shown));
            assert_eq!(rules.rules.len(), 1);
            assert_eq!(bobs(&rules), Sight::Nothing, "bob is still asked about");
        }
        rules.show_visitors(None);
        assert_eq!(rules, AccessRules::default());
    }

    #[test]
    fn the_switch_holds_whatever_is_said_of_anyone_and_leaves_rules_for_sites_alone() {
        let site = rule(Who::Site("bad.example".into()), Decision::Deny);
        for of_anyone in [Decision::Allow, Decision::Block, Decision::Ask] {
            let mut rules = AccessRules {
                rules: vec![site.clone(), rule(Who::Anyone, of_anyone)],
                ..AccessRules::default()
            };
            rules.show_visitors(Some(Decision::Availability));
            assert_eq!(sight(&rules), Sight::Shown(Part::AVAILABILITY));
            assert_eq!(rules.rules[0], site);
            rules.show_visitors(None);
            assert!(get_nothing(&rules), "off is off");
        }
    }
}
