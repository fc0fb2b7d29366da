//! Random numbers and ids, from the mock's seed.

/// One source per purpose, so that the dice of a fault do not change the id of the next agent.
#[derive(Debug)]
pub(crate) struct Random {
    agents: fastrand::Rng,
    messages: fastrand::Rng,
    requests: fastrand::Rng,
    pub(crate) faults: fastrand::Rng,
}

impl Random {
    /// `starts` is the number of earlier mocks with the same agents, whose ids are not used again.
    pub(crate) fn new(seed: u64, starts: u64) -> Self {
        let seed = seed.wrapping_add(starts.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let source =
            |purpose: u64| fastrand::Rng::with_seed(seed.wrapping_mul(31).wrapping_add(purpose));
        Self {
            agents: source(1),
            messages: source(2),
            requests: source(3),
            faults: source(4),
        }
    }

    pub(crate) fn agent_id(&mut self) -> String {
        agent_id(&mut self.agents)
    }

    pub(crate) fn message_id(&mut self) -> String {
        new_id("msg_", &mut self.messages, 10)
    }

    pub(crate) fn request_id(&mut self) -> String {
        new_id("req_", &mut self.requests, 12)
    }
}

/// Returns `agent_` with 12 lower-case letters or digits.
pub(crate) fn agent_id(random: &mut fastrand::Rng) -> String {
    new_id("agent_", random, 12)
}

/// Returns `prefix` followed by `length` letters or digits. One random number is enough for 12 of them.
fn new_id(prefix: &str, random: &mut fastrand::Rng, length: usize) -> String {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut number = random.u64(..);
    let mut id = String::with_capacity(prefix.len() + length);
    id.push_str(prefix);
    for _ in 0..length {
        id.push(char::from(LETTERS[(number % 36) as usize]));
        number /= 36;
    }
    id
}
