//! The program's own log, on stderr: text for people or one JSON object per line. What is logged
//! is set by the environment variable `FRONTDESK_LOG` (such as `debug` or `info,server=debug`).

use std::io::{self, IsTerminal as _, Write};

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// The variable that says what is logged.
pub(crate) const FILTER_VARIABLE: &str = "FRONTDESK_LOG";

/// Never logged: this module warns of parameters of `store.url` that it does not know, with their
/// values, and those may be secrets.
const SILENT: &str = "sqlx_postgres::options=off";

/// Starts the log, and writes panics to it.
///
/// # Errors
/// A filter that cannot be read.
pub(crate) fn start(format: LogFormat) -> anyhow::Result<()> {
    let text = std::env::var(FILTER_VARIABLE).unwrap_or_default();
    let text = if text.trim().is_empty() {
        "info"
    } else {
        text.trim()
    };
    let filter = EnvFilter::try_new(text).with_context(|| {
        format!(
            "{FILTER_VARIABLE} is `{text}`, expected a level such as debug, or info,server=debug"
        )
    })?;
    let filter = filter.add_directive(SILENT.parse().expect("the directive is well formed"));
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let builder = tracing_subscriber::fmt().with_env_filter(filter);
    match format {
        LogFormat::Text => builder
            .with_ansi(colour)
            .with_writer(move || EscapedStderr {
                keep_colours: colour,
            })
            .init(),
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_writer(|| EscapedStderr {
                keep_colours: false,
            })
            .init(),
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, message, "a bug in frontdesk: a task panicked");
    }));
    Ok(())
}

/// Writes one line per event: whatever a stranger's text holds, it begins no line of its own and
/// moves no cursor.
struct EscapedStderr {
    /// The formatter's own colours pass; it escapes ESC inside of texts itself.
    keep_colours: bool,
}

impl Write for EscapedStderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = escape_line(&String::from_utf8_lossy(bytes), self.keep_colours);
        io::stderr().lock().write_all(line.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Escapes every control character but the line end at the very end.
fn escape_line(text: &str, keep_colours: bool) -> String {
    let (body, end) = match text.strip_suffix('\n') {
        Some(body) => (body, "\n"),
        None => (text, ""),
    };
    let mut line = String::with_capacity(text.len());
    for c in body.chars() {
        if c.is_control() && !(keep_colours && c == '\u{1b}') {
            // Written as JSON writes it, so that a line of JSON stays one.
            line.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            line.push(c);
        }
    }
    line + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_from_outside_neither_begins_a_line_nor_moves_the_cursor() {
        assert_eq!(
            escape_line("a\nb\r\u{1b}[2J\u{9b}c\n", false),
            "a\\u000ab\\u000d\\u001b[2J\\u009bc\n"
        );
        assert_eq!(
            escape_line("\u{1b}[32mINFO\u{1b}[0m a\tb\n", true),
            "\u{1b}[32mINFO\u{1b}[0m a\\u0009b\n"
        );
    }

    #[test]
    fn an_escaped_line_of_json_is_still_json() {
        let line = escape_line("{\"name\":\"\u{7f}\u{85}\"}\n", false);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["name"], "\u{7f}\u{85}");
    }
}
