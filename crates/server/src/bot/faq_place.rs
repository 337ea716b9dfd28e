//! Where the operator's answers lie: the file that `bot.faq_file` names, or one in the data folder
//! that is there once an admin has changed the answers over HTTP. Start at [`FaqPlace::write`].

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;
use bot::FaqFile;
use protocol::{ErrorCode, Problem};
use uuid::Uuid;

use crate::config::BotConfig;

const HEAD: &str =
    "# Written by an admin over HTTP, which keeps no comments. docs/bot.md explains it.\n\n";

/// When a file was written, and how long it is.
pub(super) type Stamp = (SystemTime, u64);

/// Where the answers lie.
#[derive(Clone, Debug)]
pub(crate) struct FaqPlace {
    path: PathBuf,
    /// Whether the configuration names it, so that it must be there.
    is_named: bool,
}

impl FaqPlace {
    /// The place of this configuration.
    pub(crate) fn of(config: &BotConfig) -> Self {
        match &config.faq_file {
            Some(path) => Self {
                path: path.clone(),
                is_named: true,
            },
            None => Self {
                path: config.faq_file_by_default.clone(),
                is_named: false,
            },
        }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Which file lies there now, if one does.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        let metadata = fs::metadata(&self.path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    }

    /// What is written there; nothing when nobody has written anything.
    ///
    /// # Errors
    /// It cannot be read or used; the text names the file and the place in it.
    pub(crate) fn read(&self) -> anyhow::Result<Option<FaqFile>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.is_named => {
                return Ok(None);
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", self.shown()));
            }
        };
        let file = FaqFile::parse(&text);
        Ok(Some(
            file.with_context(|| format!("cannot use {}", self.shown()))?,
        ))
    }

    /// Puts a file in place of the one that lies there, or leaves that as it is.
    ///
    /// # Errors
    /// It cannot be written; the problem names the file, the cause and the fix.
    pub(crate) fn write(&self, text: &str) -> Result<(), Problem> {
        self.replace(text).map_err(|error| {
            let path = self.path.display();
            let detail = format!("the bot's answers cannot be written to {path}: {error}");
            let fix = match self.is_named {
                true => format!(
                    "Let this server write to the folder of {path}, or edit the file by hand."
                ),
                false => "Name a file in bot.faq_file, in a folder that this server may write to."
                    .to_owned(),
            };
            Problem::new(ErrorCode::FaqUnwritable, detail).with_fix(fix)
        })
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        // A link stays one: what it leads to is replaced.
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        if !self.is_named {
            let mut maker = fs::DirBuilder::new();
            maker.recursive(true).mode(0o700).create(folder)?;
        }
        let beside = folder.join(format!(".faq-{}.new", Uuid::now_v7()));
        let written = write_whole(&beside, &path, text).and_then(|()| fs::rename(&beside, &path));
        if let Err(error) = written {
            // It may never have been made.
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
        File::open(folder)?.sync_all()
    }

    fn shown(&self) -> String {
        let path = self.path.display();
        match self.is_named {
            true => format!("{path}, which bot.faq_file names"),
            false => format!("{path}, where an admin's answers are written"),
        }
    }
}

/// Writes a file that is to take the place of another, with the other's permissions.
fn write_whole(new: &Path, old: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o640).open(new)?;
    if let Ok(old) = fs::metadata(old) {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(HEAD.as_bytes())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &Path, is_named: bool) -> FaqPlace {
        FaqPlace {
            path: path.to_owned(),
            is_named,
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = at(&folder.path().join("new/faq.toml"), false);
        assert_eq!(place.read().unwrap(), None);
        place.write("hours = \"always\"").unwrap();
        place.write("hours = \"never\"").unwrap();
        let file = place.read().unwrap().unwrap();
        assert_eq!(file.hours.as_deref(), Some("never"));
        let inside = fs::read_dir(folder.path().join("new")).unwrap();
        assert_eq!(inside.count(), 1);
    }

    #[test]
    fn a_link_and_the_permissions_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (
            folder.path().join("real.toml"),
            folder.path().join("faq.toml"),
        );
        fs::write(&file, "hours = \"old\"").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o604)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        at(&link, true).write("hours = \"new\"").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::read_to_string(&file).unwrap().contains("new"));
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o604
        );
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named_with_the_fix() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let problem = at(&file.join("faq.toml"), false).write("").unwrap_err();
        assert_eq!(problem.code, ErrorCode::FaqUnwritable);
        assert!(problem.detail.contains("file/faq.toml: "), "{problem:?}");
        assert!(problem.fix.contains("bot.faq_file"), "{problem:?}");
        let missing = at(&folder.path().join("gone/faq.toml"), true);
        assert!(missing.write("").is_err());
        let text = format!("{:#}", missing.read().unwrap_err());
        assert!(text.contains("which bot.faq_file names"), "{text}");
    }
}
