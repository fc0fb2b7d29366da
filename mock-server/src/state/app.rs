//! The mock without its sockets: settings, keys and accounts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::protocol::body::BodyBudget;
use crate::protocol::failure::Failure;
use crate::state::account::{Account, AccountState};
use crate::state::keys::{KeyState, Keys};
use crate::state::settings::Settings;
use crate::state::state_file::StateFile;

/// How many bytes of large request bodies are read at the same time.
const BODY_BUDGET: usize = 256 << 20;
/// How many accounts there may be with isolated keys.
const MAX_ACCOUNTS: usize = 10_000;

/// The mock without its sockets.
pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) state_file: Option<Arc<StateFile>>,
    pub(crate) body_budget: BodyBudget,
    keys: RwLock<Keys>,
    /// The account of every key, or with isolated keys that of requests without a key.
    shared: Arc<Account>,
    isolated: Mutex<HashMap<String, Arc<Account>>>,
}

impl App {
    pub(crate) fn new(settings: Settings, state_file: Option<Arc<StateFile>>) -> Self {
        Self {
            keys: RwLock::new(settings.keys.clone()),
            shared: Arc::new(Account::new(&settings, "", 0)),
            isolated: Mutex::default(),
            settings,
            body_budget: BodyBudget::new(BODY_BUDGET),
            state_file,
        }
    }

    /// Changes the permissions of a key. Returns `false` if there are too many keys.
    pub(crate) fn set_key(&self, key: &str, state: KeyState) -> bool {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let has_room = keys.has_room_for(key);
        if has_room {
            keys.set(key, state);
        }
        has_room
    }

    /// Returns the account of a key.
    pub(crate) fn account(&self, key: Option<&str>) -> Arc<Account> {
        match key {
            Some(key) if self.settings.isolate_keys => {
                let mut accounts = self.isolated.lock().unwrap_or_else(PoisonError::into_inner);
                let number = accounts.len() + 1;
                accounts
                    .entry(key.to_owned())
                    .or_insert_with(|| Arc::new(Account::new(&self.settings, key, number)))
                    .clone()
            }
            _ => self.shared.clone(),
        }
    }

    /// Returns the accounts with isolated keys and their keys, in the order of their first use.
    pub(crate) fn isolated_accounts(&self) -> Vec<(String, Arc<Account>)> {
        let accounts = self.isolated.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ordered = vec![None; accounts.len()];
        for (key, account) in &*accounts {
            // They are numbered from 1 in the order of their first use.
            if let Some(place) = ordered.get_mut(account.number - 1) {
                *place = Some((key.clone(), account.clone()));
            }
        }
        ordered.into_iter().flatten().collect()
    }

    /// Returns what a key may do.
    pub(crate) fn key_state(&self, key: Option<&str>) -> Result<KeyState, Failure> {
        let key = key.ok_or_else(Failure::unauthorized)?;
        let known = self
            .keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key);
        match known {
            Some(KeyState::Revoked) => Err(Failure::unauthorized()),
            Some(state) => Ok(state),
            // With isolated keys, any key creates an account.
            None if self.settings.isolate_keys => self.check_room_for(key),
            None => Err(Failure::unauthorized()),
        }
    }

    fn check_room_for(&self, key: &str) -> Result<KeyState, Failure> {
        let accounts = self.isolated.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() < MAX_ACCOUNTS || accounts.contains_key(key) {
            return Ok(KeyState::Full);
        }
        Err(Failure::internal(format!(
            "The mock server has {MAX_ACCOUNTS} accounts already"
        )))
    }

    /// Restores the initial state of a key's account, its clock and its permissions.
    pub(crate) fn reset(&self, key: Option<&str>) -> Result<(), Failure> {
        self.restart(key);
        let account = self.account(key);
        self.commit(&mut account.lock(), |state| {
            state.reset(&self.settings);
            Ok(())
        })
    }

    /// Restores the initial time and permissions of a key. Without isolated keys, all keys are restored.
    pub(crate) fn restart(&self, key: Option<&str>) {
        {
            let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
            match key {
                Some(key) if self.settings.isolate_keys => {
                    keys.reset(key, &self.settings.keys);
                }
                _ => *keys = self.settings.keys.clone(),
            }
        }
        self.account(key).clock.restart(&self.settings.clock);
    }

    /// Writes the state file, if there is one. An error has the path of the file.
    pub(crate) fn save(&self) -> Result<(), String> {
        match &self.state_file {
            Some(file) => file
                .save(&self.shared.lock().snapshot())
                .map_err(|error| format!("{}: {error}", file.path())),
            None => Ok(()),
        }
    }

    /// Changes an account and writes the state file, if there is one. The account remains locked until
    /// the change is in the file, so that nobody sees a change that a crash could undo. If the file
    /// cannot be written, the change is undone.
    pub(crate) fn commit<T>(
        &self,
        state: &mut AccountState,
        change: impl FnOnce(&mut AccountState) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Some(file) = &self.state_file else {
            return change(state);
        };
        let before = state.store.clone();
        let changed = change(state);
        if state.store.changes() == before.changes() {
            return changed;
        }
        if changed.is_err() {
            state.store.undo(before);
        } else if let Err(error) = file.save(&state.snapshot()) {
            state.store.undo(before);
            return Err(Failure::internal(format!(
                "Cannot write the state file {}: {error}",
                file.path()
            )));
        }
        changed
    }
}
