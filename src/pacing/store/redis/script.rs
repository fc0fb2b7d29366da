//! A script, and how it is run.

use ::redis::{ErrorKind, FromRedisValue, RedisError, RedisResult, ServerErrorKind, cmd};

use super::link::Link;

pub(super) struct Script {
    text: &'static str,
    hash: String,
}

impl Script {
    pub(super) fn new(text: &'static str) -> Self {
        let hash = ::redis::Script::new(text).get_hash().to_owned();
        Self { text, hash }
    }

    /// Runs the script once. It is sent whole if Redis does not have it any more.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        link: &mut Link,
        key: &str,
        arguments: &[String],
    ) -> RedisResult<T> {
        let mut command = cmd("EVALSHA");
        command.arg(&self.hash).arg(1).arg(key).arg(arguments);
        match command.query_async(link).await {
            Err(error) if is_unknown_script(&error) => {
                let mut command = cmd("EVAL");
                command.arg(self.text).arg(1).arg(key).arg(arguments);
                command.query_async(link).await
            }
            reply => reply,
        }
    }
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}
