//! How applications write down the end of a connection.

use crate::explain::pattern::{Pattern, Tells, symptom, tells};

pub(super) const PATTERNS: &[Pattern] = &[
    tells(
        r#"(?i)(?:clos|disconnect).*?\bcode["']?\s*[:= ]\s*(?P<code>1[0-9]{3}|[34][0-9]{3})\b(?:.*?reason["']?\s*[:= ]\s*["'(]?(?P<reason>[^"'),}]*))?"#,
        Tells::Close,
    ),
    tells(
        r#"(?i)\bclosed?(?: event)?:? \(?(?P<code>1[0-9]{3}|4[0-9]{3})\)?(?:[,;:.)]|$)(?:.*?reason["']?\s*[:= ]\s*["'(]?(?P<reason>[^"'),}]*))?"#,
        Tells::Close,
    ),
    symptom(
        r"(?i)\b(?:1005|1006)\b|(?:socket|connection|websocket) (?:was )?(?:closed|disconnected|lost|failed|error)|reconnect",
    ),
];
