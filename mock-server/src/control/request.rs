//! A request of the control API: the account that it is about, its body, its query and the parameter in
//! its path.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::HeaderName;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::control::description::Parameter;
use crate::control::error::ControlError;
use crate::protocol::headers::bearer_key;
use crate::state::account::Account;
use crate::state::app::App;

/// Has the number of an account, for those who do not know its key.
const ACCOUNT: HeaderName = HeaderName::from_static("x-mock-account");

/// A request that may use the control API.
pub(crate) struct ControlRequest {
    pub(crate) app: Arc<App>,
    pub(crate) head: Parts,
    /// The parameter in the path, or an empty string if the path has none.
    pub(crate) parameter: String,
    /// The parameters that the query may have.
    pub(crate) parameters: &'static [Parameter],
    /// Empty if the endpoint has no body.
    pub(crate) body: Bytes,
}

impl ControlRequest {
    /// Returns the account that the request is about.
    pub(crate) fn account(&self) -> Result<Arc<Account>, ControlError> {
        self.account_and_key().map(|(account, _)| account)
    }

    /// Returns the account that the request is about, and its key. With isolated keys this is the account
    /// of the key in `Authorization`, or the one with the number in `X-Mock-Account`.
    pub(crate) fn account_and_key(&self) -> Result<(Arc<Account>, Option<String>), ControlError> {
        let (app, headers) = (&self.app, &self.head.headers);
        let key = bearer_key(headers);
        if let Some(number) = headers.get(ACCOUNT).filter(|_| key.is_none()) {
            let number = number.to_str().ok().and_then(|number| number.parse().ok());
            let account = app.isolated_accounts().into_iter();
            let mut account = account.filter(|(_, account)| Some(account.number) == number);
            let (key, account) = account.next().ok_or_else(|| {
                ControlError::bad("X-Mock-Account is not the number of an account")
            })?;
            return Ok((account, Some(key)));
        }
        if app.settings.isolate_keys && key.is_none() {
            return Err(ControlError::bad(
                "every key has its own account; choose one with Authorization: Bearer <key> or \
                 X-Mock-Account",
            ));
        }
        Ok((app.account(key), key.map(str::to_owned)))
    }

    /// Returns the JSON of the body.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ControlError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| ControlError::bad(format!("invalid body: {error}")))
    }

    /// Returns the query, unless it has unknown parameters or one of them twice.
    pub(crate) fn query(&self) -> Result<Query<'_>, ControlError> {
        let query = self.head.uri.query().unwrap_or_default();
        let mut values = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let mut known = self.parameters.iter();
            let Some(parameter) = known.find(|parameter| parameter.name == name) else {
                let names: Vec<_> = (self.parameters.iter())
                    .map(|parameter| parameter.name)
                    .collect();
                return Err(ControlError::bad(format!(
                    "unknown query parameter {name:?}; expected one of {}",
                    names.join(", ")
                )));
            };
            if values.iter().any(|(name, _)| *name == parameter.name) {
                return Err(ControlError::bad(format!(
                    "the query parameter {name} is given twice"
                )));
            }
            values.push((parameter.name, value));
        }
        for parameter in self.parameters {
            if parameter.is_required && !values.iter().any(|(name, _)| *name == parameter.name) {
                return Err(ControlError::bad(format!(
                    "the query parameter {} is missing",
                    parameter.name
                )));
            }
        }
        Ok(Query(values))
    }
}

/// The parameters of a query and their decoded values.
pub(crate) struct Query<'a>(Vec<(&'static str, Cow<'a, str>)>);

impl Query<'_> {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter();
        let value = values.find(|(found, _)| *found == name);
        value.map(|(_, value)| &**value)
    }

    pub(crate) fn value<T: FromStr<Err: Display>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, ControlError> {
        self.text(name)
            .map(|value| parse(&format!("query parameter {name}"), value))
            .transpose()
    }
}

/// Reads a value. An error has its name.
pub(crate) fn parse<T: FromStr<Err: Display>>(name: &str, value: &str) -> Result<T, ControlError> {
    value
        .parse()
        .map_err(|error| ControlError::bad(format!("invalid {name}: {error}")))
}
