//! The syntax of faults on the command line.

use std::collections::HashSet;
use std::str::FromStr;

use crate::faults::fault::{Fault, FaultKind};

impl FromStr for Fault {
    type Err = String;

    /// Parses `kind[,setting=value…]`, as on the command line: `status=503,on=send_message,times=2`,
    /// `rate_limit=0.5`, `latency=200`, `latency=100-300`, `reset,every=3`, `stream_cut=2`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',').map(str::trim);
        let first = parts.next().unwrap_or_default();
        let (name, value) = match first.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (first, None),
        };
        let mut fault = Self::of(parse_kind(name, value)?);
        let mut given = HashSet::new();
        for part in parts {
            let (key, value) = part.split_once('=').ok_or_else(|| {
                format!("invalid setting {part:?} in {text:?}; expected name=value")
            })?;
            if key != "agent" && !given.insert(key) {
                return Err(format!("{key} is given twice in {text:?}"));
            }
            if matches!(key, "code" | "message") && name != "status" {
                return Err(format!(
                    "{key} is only for the fault status, not for {name}"
                ));
            }
            fault = match key {
                "on" => value.split('+').try_fold(fault, |fault, name| {
                    Ok::<_, String>(fault.on(name.parse()?))
                })?,
                "agent" => fault.agent(value),
                "times" => fault.times(parse(key, value)?),
                "after" => fault.after(parse(key, value)?),
                "every" => fault.every(parse(key, value)?),
                "probability" => fault.probability(parse(key, value)?),
                "code" => fault.code(value),
                "message" => fault.message(value),
                "acts" => {
                    fault.acts = parse(key, value)?;
                    fault
                }
                _ => {
                    return Err(format!(
                        "unknown setting {key:?} of a fault; expected one of on, agent, times, after, \
                         every, probability, code, message, acts"
                    ));
                }
            };
        }
        fault.checked()
    }
}

fn parse_kind(name: &str, value: Option<&str>) -> Result<FaultKind, String> {
    let required =
        || value.ok_or_else(|| format!("the fault {name} needs a value, as in {name}=…"));
    Ok(match name {
        "status" => FaultKind::Status {
            status: parse(name, required()?)?,
            code: None,
            message: None,
            details: None,
        },
        "rate_limit" => FaultKind::RateLimit {
            retry_after: parse(name, required()?)?,
        },
        "latency" => {
            let (min, max) = match required()?.split_once('-') {
                Some((min, max)) => (parse(name, min)?, parse(name, max)?),
                None => (parse(name, required()?)?, parse(name, required()?)?),
            };
            FaultKind::Latency {
                min_ms: min,
                max_ms: max,
            }
        }
        "html_page" => FaultKind::HtmlPage {
            status: parse(name, value.unwrap_or("502"))?,
        },
        "slow_request_body" => FaultKind::SlowRequestBody {
            pause_ms: parse(name, value.unwrap_or("50"))?,
        },
        "stream_stall"
        | "stream_end"
        | "stream_error"
        | "stream_cut"
        | "stream_cut_inside_event" => {
            let after_events = parse(name, value.unwrap_or("1"))?;
            match name {
                "stream_stall" => FaultKind::StreamStall { after_events },
                "stream_end" => FaultKind::StreamEnd { after_events },
                "stream_error" => FaultKind::StreamError { after_events },
                "stream_cut" => FaultKind::StreamCut { after_events },
                _ => FaultKind::StreamCutInsideEvent { after_events },
            }
        }
        _ => {
            let kind = serde_json::json!({ "kind": name });
            return serde_json::from_value(kind).map_err(|error| format!("unknown fault: {error}"));
        }
    })
}

fn parse<T: FromStr>(key: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("invalid value {value:?} for {key}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::protocol::operation::Operation;

    #[test]
    fn a_flag_and_the_builder_give_the_same_fault() {
        for (flag, fault) in [
            (
                "status=503,on=send_message,times=2",
                Fault::status(503).on(Operation::SendMessage).times(2),
            ),
            ("rate_limit=0.5", Fault::rate_limit(0.5)),
            (
                "latency=100-300",
                Fault::latency_between(Duration::from_millis(100), Duration::from_millis(300)),
            ),
            (
                "reset,every=3,acts=true",
                Fault::reset().every(3).after_acting(),
            ),
            (
                "stream_cut=2,on=stream_message+send_message",
                Fault::stream_cut(2)
                    .on(Operation::StreamMessage)
                    .on(Operation::SendMessage),
            ),
            (
                "stream_crlf,probability=0.25",
                Fault::stream_crlf().probability(0.25),
            ),
        ] {
            assert_eq!(flag.parse::<Fault>().as_ref(), Ok(&fault), "{flag}");
            let json = serde_json::to_string(&fault).unwrap();
            assert_eq!(serde_json::from_str::<Fault>(&json).unwrap(), fault);
        }
    }

    #[test]
    fn an_invalid_flag_is_rejected() {
        for flag in [
            "",
            "nonsense",
            "status",
            "status=x",
            "reset,often=1",
            "reset,on=nothing",
            "reset,times",
            "status=99",
            "reset,probability=2",
            "reset,times=1,times=2",
            "close,code=X",
            "rate_limit=nan",
            "rate_limit=inf",
            "rate_limit=-5",
            "rate_limit=1e300",
            "latency=300-100",
            "reset,times=0",
            "reset,every=0",
        ] {
            assert!(flag.parse::<Fault>().is_err(), "{flag}");
        }
    }
}
