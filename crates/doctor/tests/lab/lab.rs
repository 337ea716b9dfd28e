//! What every test of the laboratory does: it breaks a set-up, the doctor names the cause first; it
//! mends the same set-up, the doctor finds nothing wrong. Start at [`provokes`] and [`Lab`].

use std::process::Command;
use std::time::{Duration, Instant};

use causes::Severity;
use doctor::{Finding, Options, Report, Via};

/// Makes tests of functions, each of which provokes a cause, and the list of those causes. A
/// function is handed its [`Lab`] and must both blame and clear with it.
macro_rules! provokes {
    ($($id:literal => $name:ident,)+) => {
        /// What the tests of this file provoke.
        pub(crate) const PROVOKED: &[&str] = &[$($id),+];

        mod provoked {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let mut lab = $crate::lab::Lab::provoking($id);
                    super::$name(&mut lab).await;
                    lab.end();
                }
            )+
        }
    };
}
pub(crate) use provokes;

/// One cause under examination.
pub(crate) struct Lab {
    id: &'static str,
    was_blamed: bool,
    was_cleared: bool,
}

impl Lab {
    pub(crate) fn provoking(id: &'static str) -> Self {
        Self {
            id,
            was_blamed: false,
            was_cleared: false,
        }
    }

    /// The doctor names the cause, and names it first.
    pub(crate) async fn blames(&mut self, options: Options) -> Report {
        let report = examine(&options).await;
        let first = report.first().map(|finding| finding.id);
        assert_eq!(
            first,
            Some(self.id),
            "the set-up of {} was broken so that {} is the cause\n{}",
            options.url,
            self.id,
            shown(&report)
        );
        self.was_blamed = true;
        report
    }

    /// The doctor finds nothing wrong.
    pub(crate) async fn clears(&mut self, options: Options) -> Report {
        let report = examine(&options).await;
        let errors = |finding: &&Finding| finding.severity == Severity::Error;
        assert!(
            !report.has_errors() && report.findings.iter().find(errors).is_none(),
            "the set-up of {} was mended, and the doctor still finds something wrong\n{}",
            options.url,
            shown(&report)
        );
        let blamed = report.findings.iter().any(|finding| finding.id == self.id);
        assert!(
            !blamed,
            "{} is named of a healthy set-up\n{}",
            self.id,
            shown(&report)
        );
        assert!(report.trouble.is_none(), "{}", shown(&report));
        self.was_cleared = true;
        report
    }

    /// What was seen by other means than the doctor's report, as `frontdesk doctor bot` says it.
    pub(crate) fn was_told(&mut self, broken: Option<&str>, mended: Option<&str>) {
        assert_eq!(broken, Some(self.id), "what is said of the broken set-up");
        assert_eq!(mended, None, "what is said of the mended set-up");
        (self.was_blamed, self.was_cleared) = (true, true);
    }

    /// Runs the test of this name once more in a network of its own, where nobody else's servers
    /// are. True out here, when it has passed in there; false in there, and where the kernel permits
    /// no such network: then the test goes on in this one.
    pub(crate) fn goes_apart(&mut self, test: &str) -> bool {
        const APART: &str = "FRONTDESK_LAB_APART";
        const LOOPBACK: &str = "ip link set lo up && exec \"$0\" \"$@\"";
        let apart = || {
            let mut command = Command::new("unshare");
            command.args(["--map-root-user", "--net", "sh", "-c", LOOPBACK]);
            command
        };
        if std::env::var_os(APART).is_some()
            || !apart()
                .arg("true")
                .status()
                .is_ok_and(|status| status.success())
        {
            return false;
        }
        let output = apart()
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(APART, "yes")
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(
            output.status.success() && said[0].contains("1 passed"),
            "{test} fails in a network of its own:\n{}",
            said.concat()
        );
        (self.was_blamed, self.was_cleared) = (true, true);
        true
    }

    /// Invariant: a cause is in the list of those provoked only if it was.
    pub(crate) fn end(self) {
        assert!(self.was_blamed, "the test of {} never blamed it", self.id);
        assert!(
            self.was_cleared,
            "the test of {} has no healthy twin",
            self.id
        );
    }
}

/// Examines, and checks what holds for every report.
pub(crate) async fn examine(options: &Options) -> Report {
    let report = doctor::examine(options).await;
    for finding in &report.findings {
        names_its_twins(finding, &report);
    }
    keeps_secrets(options, &report);
    report
}

/// The same with the time it took.
pub(crate) async fn examine_timed(options: &Options) -> (Report, Duration) {
    let began = Instant::now();
    let report = examine(options).await;
    (report, began.elapsed())
}

/// No confident wrong answer: where two causes look alike, the finding says so, with the probe that
/// would tell, or how it ruled the other out.
fn names_its_twins(finding: &Finding, report: &Report) {
    let cause = causes::cause(finding.id)
        .unwrap_or_else(|| panic!("{} is not in the registry", finding.id));
    for twin in cause.looks_like {
        assert!(
            finding.names(twin),
            "{} looks like {twin} and does not say so\n{}",
            finding.id,
            shown(report)
        );
    }
    for alternative in &finding.evidence.alternatives {
        assert!(
            !alternative.probe.is_empty(),
            "no probe tells {} from {alternative:?}",
            finding.id
        );
    }
    for ruled_out in &finding.evidence.ruled_out {
        assert!(
            !ruled_out.because.is_empty(),
            "{}: {ruled_out:?}",
            finding.id
        );
    }
    assert!(
        !finding.sentence.is_empty() && !finding.fix.is_empty(),
        "{finding:?}"
    );
}

/// No output holds a token, a password or the value of a secret header.
fn keeps_secrets(options: &Options, report: &Report) {
    let said = format!("{} {}", report.json(), report.transcript.join("\n"));
    let headers = options.headers.iter().map(|(_, value)| value.as_str());
    let secrets = [options.token.as_deref(), options.password.as_deref()];
    for secret in secrets
        .into_iter()
        .flatten()
        .chain(headers)
        .filter(|secret| secret.len() >= 16)
    {
        assert!(
            !said.contains(secret),
            "a report repeats a secret of {} bytes",
            secret.len()
        );
    }
}

/// A report as text, for a test that fails.
pub(crate) fn shown(report: &Report) -> String {
    let json = serde_json::to_string_pretty(&report.json()).unwrap();
    format!("{json}\n{}", report.transcript.join("\n"))
}

/// Options, in the words of a test.
pub(crate) trait Told: Sized {
    fn on_page(self, origin: &str) -> Self;
    fn token(self, token: &str) -> Self;
    fn login(self, email: &str, password: &str) -> Self;
    fn via(self, name: &str, url: &str) -> Self;
    fn idle(self, time: Duration) -> Self;
    fn echoing(self) -> Self;
}

impl Told for Options {
    fn on_page(mut self, origin: &str) -> Self {
        self.origin = Some(origin.to_owned());
        self
    }

    fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    fn login(mut self, email: &str, password: &str) -> Self {
        self.email = Some(email.to_owned());
        self.password = Some(password.to_owned());
        self
    }

    fn via(mut self, name: &str, url: &str) -> Self {
        let (name, url) = (name.to_owned(), url.to_owned());
        self.via.push(Via { name, url });
        self
    }

    fn idle(mut self, time: Duration) -> Self {
        self.idle = Some(time);
        self
    }

    fn echoing(mut self) -> Self {
        self.echo = true;
        self
    }
}

/// An examination of an address with nothing else known.
pub(crate) fn at(url: impl Into<String>) -> Options {
    Options::new(url)
}
