//! The layers of the configuration, and where each value came from. What a value may be is read
//! elsewhere (`read.rs`); here only its type is checked, against the default's.
//! Start at [`Settings::collect`].

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mask::mask_secrets;
use crate::nearest::{distance, nearest};

/// Every key with its default and a comment.
pub(crate) const DEFAULTS: &str = include_str!("../../../../config.default.toml");

/// The file that is read when no other is named and it is there.
pub(crate) const FILE_NAME: &str = "frontdesk.toml";

/// What the names of all variables begin with.
pub(crate) const ENVIRONMENT_PREFIX: &str = "FRONTDESK_";

/// One value, of one of the four types that settings have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Number(i64),
    Truth(bool),
    List(Vec<String>),
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The compiled-in defaults.
    Default,
    /// A file and the line in it, from 1.
    File { path: PathBuf, line: usize },
    /// A variable of the environment.
    Environment(String),
    /// A flag of the command line.
    Flag(&'static str),
}

/// One key in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Section and key, such as `server.listen`.
    pub(crate) key: String,
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// What is wrong with one value or key, as a sentence that names key, origin and values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault(pub(crate) String);

/// Where values may come from besides the defaults.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// The file named by a flag. Without it [`FILE_NAME`] in the working folder is read if it is
    /// there.
    pub(crate) file: Option<PathBuf>,
    /// The environment, whole.
    pub(crate) environment: Vec<(String, String)>,
    /// Flags: flag, key, value as text.
    pub(crate) flags: Vec<(&'static str, &'static str, String)>,
}

/// Every key once, in the order of the defaults.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    settings: Vec<Setting>,
}

impl Settings {
    /// Puts the layers on top of one another. Faulty values are left out and reported, so that one
    /// look finds all of them.
    pub(crate) fn collect(sources: &Sources) -> (Self, Vec<Fault>) {
        let mut settings = Self::defaults();
        let mut faults = Vec::new();
        let (path, wanted) = match &sources.file {
            Some(path) => (path.clone(), true),
            None => (PathBuf::from(FILE_NAME), false),
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => settings.add_file(&path, &text, &mut faults),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !wanted => {}
            Err(error) => faults.push(Fault(format!(
                "cannot read the configuration file {}: {error}",
                path.display()
            ))),
        }
        settings.add_environment(&sources.environment, &mut faults);
        settings.add_flags(&sources.flags, &mut faults);
        (settings, faults)
    }

    /// The defaults alone.
    pub(crate) fn defaults() -> Self {
        let table = DeTable::parse(DEFAULTS).expect("a test reads the defaults");
        let mut found: Vec<(usize, Setting)> = Vec::new();
        for (section, entries) in table.get_ref() {
            let DeValue::Table(entries) = entries.get_ref() else {
                continue;
            };
            for (key, value) in entries {
                let value = read_value(value.get_ref()).expect("a test reads the defaults");
                let key_text = format!("{}.{}", section.get_ref(), key.get_ref());
                let setting = Setting {
                    key: key_text,
                    value,
                    origin: Origin::Default,
                };
                found.push((key.span().start, setting));
            }
        }
        found.sort_by_key(|(position, _)| *position);
        Self {
            settings: found.into_iter().map(|(_, setting)| setting).collect(),
        }
    }

    /// Every setting, in the order of the defaults.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter()
    }

    /// One setting.
    ///
    /// # Panics
    /// When the key is not among the defaults, which is a mistake in this program.
    pub(crate) fn setting(&self, key: &str) -> &Setting {
        let found = self.settings.iter().find(|setting| setting.key == key);
        found.unwrap_or_else(|| panic!("config.default.toml has no key {key}"))
    }

    /// Puts one value on top, as a flag does.
    pub(crate) fn set(&mut self, key: &str, value: Value, origin: Origin) {
        if let Some(setting) = self.settings.iter_mut().find(|setting| setting.key == key) {
            setting.value = value;
            setting.origin = origin;
        }
    }

    pub(crate) fn add_file(&mut self, path: &Path, text: &str, faults: &mut Vec<Fault>) {
        let line_of = |span: Range<usize>| {
            1 + text.as_bytes()[..span.start.min(text.len())]
                .iter()
                .filter(|b| **b == b'\n')
                .count()
        };
        let shown = path.display();
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                // Only the message: the line itself may hold a password.
                let line = line_of(error.span().unwrap_or_default());
                let message = error.message().trim_end().replace('\n', ", ");
                faults.push(Fault(format!("{shown}:{line} is not TOML: {message}")));
                return;
            }
        };
        let mut found: Vec<(usize, Fault)> = Vec::new();
        for (section, entries) in table.get_ref() {
            let line = line_of(section.span());
            let section = section.get_ref();
            let DeValue::Table(entries) = entries.get_ref() else {
                let meant = self.meant(section);
                let text = format!("{shown}:{line} sets {section} outside a section{meant}");
                found.push((line, Fault(text)));
                continue;
            };
            if !self.has_section(section) {
                let sections = self.settings.iter().map(|setting| section_of(&setting.key));
                let meant = did_you_mean(nearest(section, sections));
                let text = format!("{shown}:{line} has the unknown section [{section}]{meant}");
                found.push((line, Fault(text)));
                continue;
            }
            for (key, value) in entries {
                let line = line_of(key.span());
                let origin = Origin::File {
                    path: path.to_owned(),
                    line,
                };
                let key = format!("{section}.{}", key.get_ref());
                if let Err(fault) = self.add_value(&key, value, origin) {
                    found.push((line, fault));
                }
            }
        }
        found.sort_by_key(|(line, _)| *line);
        faults.extend(found.into_iter().map(|(_, fault)| fault));
    }

    fn add_value(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        origin: Origin,
    ) -> Result<(), Fault> {
        let Some(known) = self.settings.iter().find(|setting| setting.key == key) else {
            return Err(Fault(format!(
                "{origin} sets the unknown key {key}{}",
                self.meant(key)
            )));
        };
        let value = match (&known.value, read_value(value.get_ref())) {
            // A list may be written as one text, as in the environment.
            (Value::List(_), Some(Value::Text(text))) => Value::List(split_list(&text)),
            (known, Some(found)) if known.same_type(&found) => found,
            (known, _) => {
                let (found, wanted) = (describe(value.get_ref()), known.wanted());
                return Err(Fault(format!(
                    "{key} is {found} ({origin}), expected {wanted}"
                )));
            }
        };
        self.set(key, value, origin);
        Ok(())
    }

    pub(crate) fn add_environment(
        &mut self,
        environment: &[(String, String)],
        faults: &mut Vec<Fault>,
    ) {
        for (name, text) in environment {
            let Some(rest) = name.strip_prefix(ENVIRONMENT_PREFIX) else {
                continue;
            };
            let key = rest.to_ascii_lowercase().replacen("__", ".", 1);
            if self.settings.iter().any(|setting| setting.key == key) {
                self.add_text(&key, text, Origin::Environment(name.clone()), faults);
            } else if let Some(meant) = self.meant_by_variable(rest) {
                faults.push(Fault(format!(
                    "the environment variable {name} sets no known key; did you mean \
                     {ENVIRONMENT_PREFIX}{meant}"
                )));
            } else if rest.contains("__") {
                faults.push(Fault(format!(
                    "the environment variable {name} sets no known key; `frontdesk config default` \
                     lists them"
                )));
            }
            // Other names are not ours: FRONTDESK_LOG, FRONTDESK_CONFIG, and those that Kubernetes
            // makes of a service called frontdesk, such as FRONTDESK_PORT.
        }
    }

    fn add_flags(
        &mut self,
        flags: &[(&'static str, &'static str, String)],
        faults: &mut Vec<Fault>,
    ) {
        for (flag, key, text) in flags {
            self.add_text(key, text, Origin::Flag(flag), faults);
        }
    }

    fn add_text(&mut self, key: &str, text: &str, origin: Origin, faults: &mut Vec<Fault>) {
        let known = &self.setting(key).value;
        match known.parse_like(text) {
            Some(value) => self.set(key, value, origin),
            None => {
                let (found, wanted) = (mask_secrets(text), known.wanted());
                faults.push(Fault(format!(
                    "{key} is `{found}` ({origin}), expected {wanted}"
                )));
            }
        }
    }

    fn has_section(&self, section: &str) -> bool {
        self.settings
            .iter()
            .any(|setting| section_of(&setting.key) == section)
    }

    fn meant(&self, key: &str) -> String {
        let keys = || self.settings.iter().map(|setting| setting.key.as_str());
        let name_of = |key: &str| key.split_once('.').map_or(key, |(_, name)| name).to_owned();
        let near =
            nearest(key, keys()).or_else(|| keys().find(|known| name_of(known) == name_of(key)));
        did_you_mean(near)
    }

    /// The variable that was meant by the part after the prefix, when it is so near that it cannot
    /// be someone else's.
    fn meant_by_variable(&self, rest: &str) -> Option<String> {
        let plain = |text: &str| text.to_ascii_lowercase().replace(['_', '.'], "");
        let written = plain(rest);
        let (distance, key) = self
            .settings
            .iter()
            .map(|setting| (distance(&written, &plain(&setting.key)), &setting.key))
            .min_by_key(|(distance, _)| *distance)?;
        let bound = if rest.contains("__") { 3 } else { 1 };
        (distance <= bound).then(|| key.to_ascii_uppercase().replacen('.', "__", 1))
    }
}

impl Value {
    fn same_type(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// Reads a text as a value of the same type as this one.
    fn parse_like(&self, text: &str) -> Option<Self> {
        match self {
            Self::Text(_) => Some(Self::Text(text.trim().to_owned())),
            Self::Number(_) => text.trim().replace('_', "").parse().ok().map(Self::Number),
            Self::Truth(_) => match text.trim() {
                "true" | "1" => Some(Self::Truth(true)),
                "false" | "0" => Some(Self::Truth(false)),
                _ => None,
            },
            Self::List(_) => Some(Self::List(split_list(text))),
        }
    }

    const fn wanted(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text in quotes",
            Self::Number(_) => "a whole number",
            Self::Truth(_) => "true or false",
            Self::List(_) => "a list of texts",
        }
    }

    /// The value as TOML, with secrets masked.
    pub(crate) fn to_toml(&self) -> String {
        match self {
            Self::Text(text) => toml::Value::String(mask_secrets(text)).to_string(),
            Self::Number(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
            Self::List(texts) => {
                let items: Vec<String> = texts
                    .iter()
                    .map(|text| Self::Text(text.clone()).to_toml())
                    .collect();
                format!("[{}]", items.join(", "))
            }
        }
    }

    /// The value as JSON, with secrets masked.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => mask_secrets(text).into(),
            Self::Number(number) => (*number).into(),
            Self::Truth(truth) => (*truth).into(),
            Self::List(texts) => texts.iter().map(|text| mask_secrets(text)).collect(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The part of a key before the dot.
pub(crate) fn section_of(key: &str) -> &str {
    key.split_once('.').map_or(key, |(section, _)| section)
}

fn did_you_mean(near: Option<&str>) -> String {
    match near {
        Some(near) => format!("; did you mean {near}"),
        None => "; `frontdesk config default` lists the known ones".to_owned(),
    }
}

fn split_list(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

fn read_value(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::String(text) => Some(Value::Text(text.trim().to_owned())),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(Value::Number),
        DeValue::Boolean(truth) => Some(Value::Truth(*truth)),
        DeValue::Array(items) => items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Some(text.trim().to_owned()),
                _ => None,
            })
            .collect::<Option<Vec<String>>>()
            .map(Value::List),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text `{}`", mask_secrets(text)),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(truth) => format!("{truth}"),
        DeValue::Datetime(date) => format!("the date {date}"),
        DeValue::Array(items) => format!("a list of {}", items.len()),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layered(file: &str, environment: &[(&str, &str)]) -> (Settings, Vec<String>) {
        let mut settings = Settings::defaults();
        let mut faults = Vec::new();
        settings.add_file(Path::new("frontdesk.toml"), file, &mut faults);
        let environment: Vec<(String, String)> = environment
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        settings.add_environment(&environment, &mut faults);
        (settings, faults.into_iter().map(|fault| fault.0).collect())
    }

    #[test]
    fn defaults_keep_the_order_of_their_file() {
        let settings = Settings::defaults();
        let keys: Vec<&str> = settings
            .iter()
            .map(|setting| setting.key.as_str())
            .collect();
        assert_eq!(
            keys[..3],
            [
                "server.listen",
                "server.public_url",
                "server.allowed_origins"
            ]
        );
        assert_eq!(keys.last(), Some(&"telemetry.metrics_listen"));
    }

    #[test]
    fn a_later_layer_wins_and_each_value_knows_where_it_came_from() {
        let file =
            "[server]\n# a comment\nlisten = [\"127.0.0.1:1\"]\n\n[socket]\nper_user_max = 3\n";
        let (mut settings, faults) = layered(
            file,
            &[
                ("FRONTDESK_SERVER__LISTEN", "127.0.0.1:2, [::1]:2"),
                ("HOME", "/root"),
            ],
        );
        assert!(faults.is_empty(), "{faults:?}");
        let listen = settings.setting("server.listen");
        let two = ["127.0.0.1:2", "[::1]:2"].map(str::to_owned).to_vec();
        assert_eq!(listen.value, Value::List(two));
        assert_eq!(
            listen.origin.to_string(),
            "environment variable FRONTDESK_SERVER__LISTEN"
        );
        let per_user = settings.setting("socket.per_user_max");
        assert_eq!(per_user.origin.to_string(), "frontdesk.toml:6");
        assert_eq!(
            settings.setting("socket.per_ip_max").origin,
            Origin::Default
        );
        let mut faults = Vec::new();
        let flag = ("--listen", "server.listen", "127.0.0.1:3".to_owned());
        settings.add_flags(&[flag], &mut faults);
        assert_eq!(
            settings.setting("server.listen").origin.to_string(),
            "flag --listen"
        );
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
        let file = "listen = 1\n[server]\nlisten_on = []\npublicurl = \"\"\n[sokcet]\na = 1\n\
                    [data]\npublic_url = \"\"";
        let (_, faults) = layered(file, &[]);
        assert_eq!(
            faults,
            [
                "frontdesk.toml:1 sets listen outside a section; did you mean server.listen",
                "frontdesk.toml:3 sets the unknown key server.listen_on; did you mean server.listen",
                "frontdesk.toml:4 sets the unknown key server.publicurl; did you mean \
                 server.public_url",
                "frontdesk.toml:5 has the unknown section [sokcet]; did you mean socket",
                "frontdesk.toml:8 sets the unknown key data.public_url; did you mean \
                 server.public_url",
            ]
        );
    }

    #[test]
    fn an_unknown_variable_is_refused_and_that_of_someone_else_is_left_alone() {
        let (_, faults) = layered(
            "",
            &[
                ("FRONTDESK_SERVER_LISTEN", "x"),
                ("FRONTDESK_SOCKET__PER_USR_MAX", "1"),
                ("FRONTDESK_PAYMENTS__CURRENCY", "EUR"),
                ("FRONTDESK_LOG", "debug"),
                ("FRONTDESK_PORT", "tcp://10.0.0.1:8000"),
                ("FRONTDESK_SERVICE_HOST", "10.0.0.1"),
                ("FRONTDESK_PORT_8000_TCP_ADDR", "10.0.0.1"),
            ],
        );
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(
            faults[0].ends_with("did you mean FRONTDESK_SERVER__LISTEN"),
            "{}",
            faults[0]
        );
        assert!(
            faults[1].ends_with("did you mean FRONTDESK_SOCKET__PER_USER_MAX"),
            "{}",
            faults[1]
        );
        assert!(faults[2].contains("FRONTDESK_PAYMENTS__CURRENCY sets no known key"));
    }

    #[test]
    fn a_wrong_type_is_refused_with_key_origin_found_and_expected() {
        let file = "[socket]\nheartbeat_seconds = \"25\"\nper_user_max = 2.5\n[server]\nlisten = [1]\n\
                    [store]\nurl = 1";
        let (settings, faults) = layered(file, &[("FRONTDESK_DIAGNOSTICS__ENABLED", "ja")]);
        assert_eq!(
            faults,
            [
                "socket.heartbeat_seconds is the text `25` (frontdesk.toml:2), expected a whole \
                 number",
                "socket.per_user_max is the number 2.5 (frontdesk.toml:3), expected a whole number",
                "server.listen is a list of 1 (frontdesk.toml:5), expected a list of texts",
                "store.url is the number 1 (frontdesk.toml:7), expected a text in quotes",
                "diagnostics.enabled is `ja` (environment variable FRONTDESK_DIAGNOSTICS__ENABLED), \
                 expected true or false",
            ]
        );
        assert_eq!(
            settings.setting("socket.heartbeat_seconds").value,
            Value::Number(25)
        );
    }

    #[test]
    fn a_file_that_is_no_toml_is_refused_by_its_line_without_its_content() {
        let (_, faults) = layered("[store]\nurl = \"postgres://a:geheim@b/c\n", &[]);
        assert_eq!(faults.len(), 1);
        assert!(
            faults[0].starts_with("frontdesk.toml:2 is not TOML: "),
            "{}",
            faults[0]
        );
        assert!(!faults[0].contains("geheim"));
    }

    #[test]
    fn a_list_in_the_file_may_be_one_text() {
        let (settings, faults) = layered(
            "[server]\nallowed_origins = \"http://a.b, http://c.d\"",
            &[],
        );
        assert!(faults.is_empty());
        let value = &settings.setting("server.allowed_origins").value;
        assert_eq!(value.to_toml(), r#"["http://a.b", "http://c.d"]"#);
    }

    #[test]
    fn a_printed_value_has_no_password() {
        let value = Value::Text("postgres://a:geheim@b/c".to_owned());
        assert_eq!(value.to_toml(), r#""postgres://a:***@b/c""#);
        assert_eq!(value.to_json(), "postgres://a:***@b/c");
    }
}
