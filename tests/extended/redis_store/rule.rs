//! The ACL rule that the documentation recommends. The user of all these tests has it and no more.

/// The user and the password of the rule.
pub(super) const USER: &str = "orionos:password";

/// The rule, as the arguments of `ACL SETUSER`.
pub(super) fn documented_rule() -> Vec<&'static str> {
    let source = include_str!("../../../src/pacing/store/redis.rs");
    let rule = source
        .lines()
        .find_map(|line| line.strip_prefix("/// ACL SETUSER "));
    rule.unwrap().split(' ').collect()
}

/// The parts of the rule that each kind of server needs. A test takes each of them away.
pub(super) const OF_A_NODE: &[&str] = &[
    "~{*}:*", "+evalsha", "+eval", "+time", "+get", "+set", "+del", "+select",
];
pub(super) const OF_SENTINEL: &[&str] = &["+role"];
pub(super) const OF_A_CLUSTER: &[&str] = &["+cluster|slots", "+asking"];
/// Nothing fails without these. Every user of Redis 7 has the first two, but not every user of Redis 6.
/// Without the last one, a cluster is connected anew each time its slots are read.
pub(super) const THAT_NOTHING_MISSES: &[&str] = &["+hello", "+auth", "+ping"];

/// The rule without one of its parts.
pub(super) fn without(part: &str) -> Vec<&'static str> {
    let mut rule = documented_rule();
    rule.retain(|other| *other != part);
    rule
}
