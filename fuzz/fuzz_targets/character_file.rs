//! Any text, read as a character file, is a configuration that survives a round trip, or an error
//! of one line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use orionos::AgentConfig;

fuzz_target!(|text: &str| {
    match AgentConfig::from_json_str(text) {
        Ok(config) => {
            let written = config.to_json_string_pretty().expect("it was JSON before");
            let again =
                AgentConfig::from_json_str(&written).expect("it was a configuration before");
            assert_eq!(again, config);
        }
        Err(error) => assert!(!error.to_string().contains('\n')),
    }
});
