//! `frontdesk doctor [URL]`: what may be said on the command line. Start at [`Arguments::options`].

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::checks::CHECKS;
use crate::options::{DEFAULT_URL, Options, Via};

/// What the command line says. Secrets come from the environment or stdin, not from here, unless
/// somebody insists.
#[derive(Args, Clone, Default)]
pub struct Arguments {
    /// Address to examine: http://host:port of a Frontdesk, or the URL of any WebSocket.
    #[arg(value_name = "URL")]
    pub url: Option<String>,
    /// Origin of the page that connects, such as http://localhost:5174.
    #[arg(long, value_name = "ORIGIN")]
    pub origin: Option<String>,
    /// Socket token; other programs can see it here, so rather FRONTDESK_TOKEN or --token-stdin.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "FRONTDESK_TOKEN",
        hide_env_values = true
    )]
    pub token: Option<String>,
    /// Read the token from stdin.
    #[arg(long)]
    pub token_stdin: bool,
    /// Sign in with this account; the password comes from FRONTDESK_PASSWORD, stdin or a prompt.
    #[arg(long, value_name = "EMAIL")]
    pub email: Option<String>,
    /// Another way to the same server, such as dev=http://localhost:5174; may be repeated.
    #[arg(long, value_name = "NAME=URL")]
    pub via: Vec<String>,
    /// Hold a silent connection for so many seconds.
    #[arg(long, value_name = "SECONDS")]
    pub idle: Option<u64>,
    /// Read this file of nginx, Vite or compose as well; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub read: Vec<PathBuf>,
    /// Make only these checks, and what they need; may be repeated.
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Leave these checks out; may be repeated.
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// List the checks and end.
    #[arg(long)]
    pub list_checks: bool,
    /// Longest wait for one answer, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "5")]
    pub timeout: u64,
    /// Trust these root certificates too (PEM).
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Send this header with each request, such as 'Cookie: sid=…'; may be repeated.
    #[arg(long, value_name = "NAME: VALUE")]
    pub header: Vec<String>,
    /// Offer this subprotocol; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub subprotocol: Vec<String>,
    /// What the page fetches before it connects; CORS and cookies are judged there.
    #[arg(long, value_name = "URL")]
    pub token_url: Option<String>,
    /// The socket sends back what it is sent: try messages of growing size.
    #[arg(long)]
    pub echo: bool,
    /// How the report is given.
    #[command(flatten)]
    pub output: Output,
}

/// How the report is given.
#[derive(Args, Clone, Debug, Default)]
pub struct Output {
    /// One JSON object instead of text.
    #[arg(long)]
    pub json: bool,
    /// Write the report as JUnit XML into this file too.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Examine again and again, every 10 seconds or as given, and tell what changes.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "10", require_equals = true)]
    pub watch: Option<u64>,
    /// Exit 1 on warnings.
    #[arg(long)]
    pub strict: bool,
    /// Show every check, and all requests and answers with their secrets masked.
    #[arg(long, short)]
    pub verbose: bool,
}

impl Arguments {
    /// What is to be examined; token and password from stdin or a prompt are still to be added.
    ///
    /// # Errors
    /// A sentence that says which argument cannot be used.
    pub fn options(&self) -> Result<Options, String> {
        for name in self.only.iter().chain(&self.skip) {
            if !CHECKS.iter().any(|check| check.name == name) {
                let known: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
                return Err(format!(
                    "there is no check {name}; there are {}",
                    known.join(", ")
                ));
            }
        }
        let mut options = Options::new(self.url.as_deref().unwrap_or(DEFAULT_URL));
        for via in &self.via {
            let (name, url) = via
                .split_once('=')
                .filter(|(name, url)| !name.is_empty() && !name.contains("://") && !url.is_empty())
                .ok_or_else(|| {
                    format!(
                        "--via {} is not NAME=URL, such as dev=http://localhost:5174",
                        crate::address::shown(via)
                    )
                })?;
            options.via.push(Via {
                name: name.to_owned(),
                url: url.to_owned(),
            });
        }
        for header in &self.header {
            let (name, value) = header
                .split_once(':')
                .filter(|(name, _)| !name.trim().is_empty() && !name.contains(' '))
                .ok_or("--header is not 'Name: value'")?;
            options
                .headers
                .push((name.trim().to_owned(), value.trim().to_owned()));
        }
        if self.timeout == 0 {
            return Err("--timeout is 0; at least 1 second is needed".to_owned());
        }
        options.origin.clone_from(&self.origin);
        // A variable that is set to nothing is not set.
        options.token = self.token.clone().filter(|token| !token.is_empty());
        options.email.clone_from(&self.email);
        options.idle = self.idle.map(Duration::from_secs);
        options.read.clone_from(&self.read);
        options.only.clone_from(&self.only);
        options.skip.clone_from(&self.skip);
        options.timeout = Duration::from_secs(self.timeout);
        options.ca.clone_from(&self.ca);
        options.subprotocols.clone_from(&self.subprotocol);
        options.token_url.clone_from(&self.token_url);
        options.echo = self.echo;
        Ok(options)
    }
}

impl std::fmt::Debug for Arguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arguments")
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_become_options_or_a_sentence() {
        let arguments = |change: fn(&mut Arguments)| {
            let mut arguments = Arguments {
                timeout: 5,
                ..Arguments::default()
            };
            change(&mut arguments);
            arguments.options()
        };
        let options =
            arguments(|given| given.via = vec!["dev=http://localhost:5174/?a=b".to_owned()])
                .unwrap();
        assert_eq!(options.url, DEFAULT_URL);
        assert_eq!(
            options.via,
            [Via {
                name: "dev".to_owned(),
                url: "http://localhost:5174/?a=b".to_owned()
            }]
        );
        assert!(
            arguments(|given| given.via = vec!["http://a/?b=c".to_owned()])
                .unwrap_err()
                .contains("NAME=URL")
        );
        assert!(
            arguments(|given| given.only = vec!["pings".to_owned()])
                .unwrap_err()
                .contains("there are url")
        );
        assert!(arguments(|given| given.header = vec!["Cookie sid=secret".to_owned()]).is_err());
        assert!(arguments(|given| given.timeout = 0).is_err());
    }
}
