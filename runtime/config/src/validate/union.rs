//! A choice between shapes: which one was meant, and what is wrong with that one.

use serde_json::Value;

use super::Checker;
use super::schema::Node;
use crate::issue::Issue;

/// What checking against one branch found.
struct Trial {
    issues: Vec<Issue>,
    warnings: Vec<Issue>,
    unused: Vec<crate::known::Unused>,
}

impl Checker {
    pub(super) fn check_branches<'s>(&mut self, node: &Node<'s>, value: &Value, outer: Option<&Node<'s>>) {
        let beside = if node.properties.is_empty() {
            outer
        } else {
            Some(outer.unwrap_or(node))
        };
        let mut best: Option<Trial> = None;
        for branch in candidates(node, value) {
            let trial = self.attempt(branch, value, beside);
            let rank = |trial: &Trial| (trial.issues.len(), trial.unused.len());
            if best.as_ref().is_none_or(|best| rank(&trial) < rank(best)) {
                best = Some(trial);
            }
            if best.as_ref().is_some_and(|best| rank(best) == (0, 0)) {
                break;
            }
        }
        match best {
            None => {
                let got = self.show(node, value);
                self.wrong(format!("expected {}, got {got}", node.all_types().names()));
            }
            Some(best) if !best.issues.is_empty() && self.name_choices(node, value) => {}
            Some(best) => {
                self.found.issues.extend(best.issues);
                self.found.warnings.extend(best.warnings);
                self.found.unused.extend(best.unused);
            }
        }
    }

    fn attempt<'s>(&mut self, branch: &Node<'s>, value: &Value, beside: Option<&Node<'s>>) -> Trial {
        let (issues, warnings, unused) = (
            self.found.issues.len(),
            self.found.warnings.len(),
            self.found.unused.len(),
        );
        self.check(branch, value, beside);
        Trial {
            issues: self.found.issues.split_off(issues),
            warnings: self.found.warnings.split_off(warnings),
            unused: self.found.unused.split_off(unused),
        }
    }

    /// When the branches are told apart by a word, says which words there are. False: they are not, or the word
    /// is right.
    fn name_choices(&mut self, node: &Node<'_>, value: &Value) -> bool {
        let words = |branch: &Node<'_>| branch.allowed.map(<[Value]>::to_vec);
        if let Value::String(_) = value {
            let texts = node.branches.iter().filter(|branch| branch.types.holds(value));
            let choices: Option<Vec<_>> = texts.map(words).collect();
            return match choices {
                Some(choices) if choices.len() > 1 => {
                    self.wrong_choice(node, choices.iter().flatten(), value);
                    true
                }
                _ => false,
            };
        }
        let Value::Object(object) = value else {
            return false;
        };
        let objects: Vec<&Node<'_>> = node
            .branches
            .iter()
            .filter(|branch| branch.types.holds(value))
            .collect();
        let Some((key, choices)) = discriminator(&objects) else {
            return false;
        };
        let choices: Vec<Value> = choices.into_iter().flatten().cloned().collect();
        match object.get(key) {
            Some(word) if choices.contains(word) => false,
            Some(word) => {
                self.path.push_key(key);
                self.wrong_choice(node, choices.iter(), word);
                self.path.pop();
                true
            }
            None => {
                let names: Vec<String> = choices.iter().map(Value::to_string).collect();
                let path = self.path.key(key);
                self.found.issues.push(Issue::new(
                    path,
                    format!("is required: one of {}", names.join(", ")),
                ));
                true
            }
        }
    }
}

/// The branches that the value may be meant for: those of its type, and of these the ones with its word.
fn candidates<'n, 's>(node: &'n Node<'s>, value: &Value) -> Vec<&'n Node<'s>> {
    let typed: Vec<&Node<'_>> = node
        .branches
        .iter()
        .filter(|branch| branch.all_types().holds(value))
        .collect();
    let Some((key, words)) = discriminator(&typed) else {
        return typed;
    };
    let Some(word) = value.get(key) else { return typed };
    let meant: Vec<_> = typed
        .iter()
        .zip(words)
        .filter(|(_, words)| words.contains(word))
        .map(|(branch, _)| *branch)
        .collect();
    if meant.is_empty() { typed } else { meant }
}

/// A key that every branch has, each with its own fixed words.
fn discriminator<'s>(branches: &[&Node<'s>]) -> Option<(&'s str, Vec<&'s [Value]>)> {
    let first = branches.first().filter(|_| branches.len() > 1)?;
    first.properties.keys().find_map(|key| {
        let words = branches
            .iter()
            .map(|branch| branch.properties.get(key)?.node().allowed);
        let words: Vec<&[Value]> = words.collect::<Option<_>>()?;
        let mut seen = std::collections::BTreeSet::new();
        let distinct = words
            .iter()
            .copied()
            .flatten()
            .all(|word| seen.insert(word.to_string()));
        distinct.then_some((*key, words))
    })
}
