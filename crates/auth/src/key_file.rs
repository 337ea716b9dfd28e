//! The file that holds the signing keys: read if it is there, made if it is not. The only file
//! access of this crate; it blocks, so it belongs to the start of a program.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::key::{KeyError, SigningKeys};
use crate::session::Secret;

/// Largest key file, in bytes. Sixteen keys with comments are far below it.
pub const KEY_FILE_MAX_BYTES: u64 = 65_536;

/// Why the signing keys could not be read from their file, or the file not be made.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The operating system said no.
    #[error("cannot {doing} the signing key file {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The verb that failed: open, read, make.
        doing: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Group or others may read or write the file.
    #[error(
        "the signing key file {0} has mode {mode:04o}, so other accounts of this machine can \
         reach it; expected 0600. run: chmod 600 {0}",
        path.display()
    )]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A folder, a device, or a file over [`KEY_FILE_MAX_BYTES`].
    #[error(
        "the signing key file {} is not a plain file of at most {KEY_FILE_MAX_BYTES} bytes",
        path.display()
    )]
    NotAKeyFile {
        /// The file.
        path: PathBuf,
    },
    /// The file can be read and its content is wrong.
    #[error("the signing key file {}: {source}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The line, and what is wrong with it.
        source: KeyError,
    },
}

/// Reads the keys at `path`. If there is no file, makes one with a new key: mode 0600, on disk
/// before this returns, and whole at the moment it appears. When two programs start at once, one
/// file wins and both get its keys. The folder must exist, on a file system with hard links.
///
/// # Errors
/// A file that group or others can reach (Unix), that holds no usable key, or that cannot be
/// read or made. An existing file is never changed.
pub fn load_or_create(path: &Path) -> Result<SigningKeys, KeyFileError> {
    match File::open(path) {
        Ok(file) => read(path, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(path).map_err(|source| io_error(path, "make", source))?;
            // Read back also after losing a race: the file that is there is the one that counts.
            read(
                path,
                File::open(path).map_err(|source| io_error(path, "open", source))?,
            )
        }
        Err(source) => Err(io_error(path, "open", source)),
    }
}

fn read(path: &Path, file: File) -> Result<SigningKeys, KeyFileError> {
    let metadata = file
        .metadata()
        .map_err(|source| io_error(path, "read", source))?;
    if !metadata.is_file() || metadata.len() > KEY_FILE_MAX_BYTES {
        return Err(KeyFileError::NotAKeyFile {
            path: path.to_owned(),
        });
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::TooOpen {
                path: path.to_owned(),
                mode,
            });
        }
    }
    let mut text = String::new();
    file.take(KEY_FILE_MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(|source| io_error(path, "read", source))?;
    SigningKeys::parse(&text).map_err(|source| KeyFileError::Content {
        path: path.to_owned(),
        source,
    })
}

/// Writes a whole file beside the final one and links it there. A link fails when its name is
/// taken, so a file that another program made meanwhile stays.
fn create(path: &Path) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}.draft", Secret::generate().reveal()));
    let draft = PathBuf::from(draft);
    let linked = write_draft(&draft).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => {
            removed?;
            sync_folder(path)
        }
    }
}

fn write_draft(draft: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(draft)?;
    file.write_all(SigningKeys::generate().to_text().as_bytes())?;
    file.sync_all()
}

/// The file's name is on disk only once its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

fn io_error(path: &Path, doing: &'static str, source: io::Error) -> KeyFileError {
    KeyFileError::Io {
        path: path.to_owned(),
        doing,
        source,
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn kids(keys: &SigningKeys) -> Vec<String> {
        keys.kids().map(str::to_owned).collect()
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_first_start_makes_a_file_for_the_owner_only_and_the_second_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.key");
        let made = load_or_create(&path).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
            0o600
        );
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(kids(&load_or_create(&path).unwrap()), kids(&made));
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            text,
            "an existing file stays as it is"
        );
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no draft is left behind"
        );
    }

    #[test]
    fn programs_that_start_at_once_get_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.key");
        let all: Vec<Vec<String>> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| kids(&load_or_create(&path).unwrap())))
                .collect();
            starts
                .into_iter()
                .map(|start| start.join().unwrap())
                .collect()
        });
        assert!(all.iter().all(|kids| *kids == all[0]), "{all:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_others_can_reach_is_refused_with_the_command_that_helps() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.key");
        load_or_create(&path).unwrap();
        for mode in [0o644, 0o640, 0o604, 0o660, 0o620, 0o602] {
            set_mode(&path, mode);
            let error = load_or_create(&path).unwrap_err().to_string();
            assert!(error.contains(&format!("mode {mode:04o}")), "{error}");
            assert!(
                error.ends_with(&format!("chmod 600 {}", path.display())),
                "{error}"
            );
        }
        for mode in [0o600, 0o400] {
            set_mode(&path, mode);
            assert!(load_or_create(&path).is_ok(), "{mode:o}");
        }
    }

    #[test]
    fn a_broken_file_is_named_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.key");
        fs::write(&path, "c2hvcnQ\n").unwrap();
        set_mode(&path, 0o600);
        let error = load_or_create(&path).unwrap_err().to_string();
        assert!(
            error.contains("signing.key: line 1: the signing key has 40 bits"),
            "{error}"
        );
        fs::write(&path, "").unwrap();
        assert!(matches!(
            load_or_create(&path).unwrap_err(),
            KeyFileError::Content {
                source: KeyError::Empty,
                ..
            }
        ));
        fs::write(&path, "#".repeat(70_000)).unwrap();
        assert!(matches!(
            load_or_create(&path).unwrap_err(),
            KeyFileError::NotAKeyFile { .. }
        ));
        assert!(matches!(
            load_or_create(folder.path()).unwrap_err(),
            KeyFileError::NotAKeyFile { .. }
        ));
        let nowhere = folder.path().join("missing").join("signing.key");
        let error = load_or_create(&nowhere).unwrap_err();
        assert!(
            matches!(error, KeyFileError::Io { doing: "make", .. }),
            "{error}"
        );
    }
}
