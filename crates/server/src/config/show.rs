//! Prints the configuration in force, secrets masked.

use serde::Serialize;
use serde_json::{Map, json};
use utoipa::ToSchema;

use super::settings::{Settings, section_of};
use super::{Config, mask_secrets};

/// The settings as TOML; with `origin`, a comment says where each value came from.
pub(crate) fn show_toml(settings: &Settings, config: Option<&Config>, origin: bool) -> String {
    let mut text = String::new();
    let mut section = "";
    for setting in settings.iter() {
        let next = section_of(&setting.key);
        if next != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}[{next}]\n"));
            section = next;
        }
        let name = &setting.key[section.len() + 1..];
        let line = format!("{name} = {}", setting.value.to_toml());
        let meaning = config.and_then(|config| meaning(&setting.key, config));
        let comment = match (origin, meaning) {
            (true, Some(meaning)) => format!("{}, means {meaning}", setting.origin),
            (true, None) => setting.origin.to_string(),
            (false, Some(meaning)) => format!("means {meaning}"),
            (false, None) => String::new(),
        };
        match comment.as_str() {
            "" => text.push_str(&format!("{line}\n")),
            comment => text.push_str(&format!("{line:<40} # {comment}\n")),
        }
    }
    text
}

/// The settings as JSON: `{"server": {"listen": …}}`; with `origin`, each value becomes
/// `{"value": …, "origin": …}`.
pub(crate) fn show_json(settings: &Settings, origin: bool) -> serde_json::Value {
    let mut sections = Map::new();
    for setting in settings.iter() {
        let section = section_of(&setting.key);
        let value = if origin {
            json!({"value": setting.value.to_json(), "origin": setting.origin.to_string()})
        } else {
            setting.value.to_json()
        };
        let entries = sections.entry(section).or_insert_with(|| json!({}));
        if let Some(entries) = entries.as_object_mut() {
            entries.insert(setting.key[section.len() + 1..].to_owned(), value);
        }
    }
    sections.into()
}

/// One key in force, its secrets masked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownSetting {
    /// Section and key.
    #[schema(example = "server.drain_seconds")]
    key: String,
    /// A text, a number, a truth value or a list of texts.
    #[schema(value_type = serde_json::Value, example = json!(20))]
    value: serde_json::Value,
    /// Where it came from.
    #[schema(example = "environment variable FRONTDESK_SERVER__DRAIN_SECONDS")]
    origin: String,
    /// What an empty value stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<String>,
}

/// The settings in force, in the order of the defaults, as `frontdesk config show --origin` has them.
pub(crate) fn listed(config: &Config) -> Vec<ShownSetting> {
    let shown = config.settings.iter().map(|setting| ShownSetting {
        key: setting.key.clone(),
        value: setting.value.to_json(),
        origin: setting.origin.to_string(),
        meaning: meaning(&setting.key, config),
    });
    shown.collect()
}

/// What an empty value stands for.
fn meaning(key: &str, config: &Config) -> Option<String> {
    match key {
        "store.url" => Some(mask_secrets(&config.store.url))
            .filter(|url| url.starts_with(&format!("sqlite:{}", config.data.dir.display()))),
        "auth.signing_key_file" if config.auth.signing_key_file.is_none() => {
            Some(match config.signing_key_file() {
                Some(path) => path.display().to_string(),
                None => "in the database".to_owned(),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Origin, Value};
    use super::*;

    #[test]
    fn what_is_shown_is_toml_again_and_says_where_it_came_from() {
        let mut settings = Settings::defaults();
        let flag = Origin::Flag("--data-dir");
        settings.set("data.dir", Value::Text("/srv/desk".to_owned()), flag);
        let config = Config::read(&settings).unwrap();
        let text = show_toml(&settings, Some(&config), true);
        assert!(text.contains("[data]\ndir = \"/srv/desk\""), "{text}");
        let line = text.lines().find(|line| line.starts_with("dir")).unwrap();
        assert!(line.ends_with("# flag --data-dir"), "{line}");
        let line = text.lines().find(|line| line.starts_with("url")).unwrap();
        assert!(
            line.ends_with("# default, means sqlite:/srv/desk/frontdesk.db"),
            "{line}"
        );
        let mut again = Settings::defaults();
        let mut faults = Vec::new();
        again.add_file(std::path::Path::new("f.toml"), &text, &mut faults);
        assert!(faults.is_empty(), "{faults:?}");
        for (left, right) in settings.iter().zip(again.iter()) {
            assert_eq!((&left.key, &left.value), (&right.key, &right.value));
        }
    }

    #[test]
    fn a_list_of_the_settings_holds_no_secret() {
        let mut settings = Settings::defaults();
        let secret = Value::Text("postgres://desk:geheim@db/desk".to_owned());
        let origin = Origin::Environment("FRONTDESK_STORE__URL".to_owned());
        settings.set("store.url", secret, origin);
        let config = Config::read(&settings).unwrap();
        let shown = serde_json::to_value(listed(&config)).unwrap();
        assert!(!shown.to_string().contains("geheim"), "{shown}");
        let all = shown.as_array().unwrap();
        assert_eq!(all.len(), settings.iter().count());
        let url = all.iter().find(|one| one["key"] == "store.url").unwrap();
        assert_eq!(url["value"], "postgres://desk:***@db/desk");
        assert_eq!(url["origin"], "environment variable FRONTDESK_STORE__URL");
    }

    #[test]
    fn json_has_a_section_for_a_section() {
        let json = show_json(&Settings::defaults(), true);
        assert_eq!(json["auth"]["ws_token_seconds"]["value"], 300);
        assert_eq!(json["auth"]["ws_token_seconds"]["origin"], "default");
        assert_eq!(
            show_json(&Settings::defaults(), false)["server"]["drain_seconds"],
            20
        );
    }
}
