//! Folders: where a measured store lies, and how much it takes there. Knows no store.

use super::{BenchError, while_doing};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

/// Kinds of file systems that are memory.
const MEMORY: [&str; 2] = ["tmpfs", "ramfs"];

/// Where measured stores lie; all of it goes away with this.
pub(super) struct Ground {
    folder: TempDir,
    /// The kind of its file system.
    pub(super) filesystem: String,
}

impl Ground {
    /// A fresh folder in `wanted`, else in ./target, else where temporary files go; never in memory.
    pub(super) fn open(wanted: Option<&Path>) -> Result<Self, BenchError> {
        let target = PathBuf::from("target");
        let usual = || if target.is_dir() { target } else { std::env::temp_dir() };
        let parent = wanted.map_or_else(usual, Path::to_owned);
        let doing = || while_doing(format!("make a data folder in {}", parent.display()));
        std::fs::create_dir_all(&parent).map_err(doing())?;
        let parent = parent.canonicalize().map_err(doing())?;
        let mounts = std::fs::read_to_string("/proc/self/mounts").map_err(while_doing("read /proc/self/mounts"))?;
        let filesystem = filesystem(&mounts, &parent).unwrap_or_else(|| "unknown".to_owned());
        if MEMORY.contains(&filesystem.as_str()) {
            return Err(BenchError::NoDisk { path: parent, filesystem });
        }
        let folder = tempfile::Builder::new().prefix("wharf-bench-").tempdir_in(&parent).map_err(doing())?;
        Ok(Self { folder, filesystem })
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// From now on the folder also goes away when this process is told to end.
    pub(super) fn clear_when_told(&self) {
        let folder = self.folder.path().to_owned();
        std::thread::spawn(move || {
            let told = actix_web::rt::System::new().block_on(async {
                let mut terminate = signal(SignalKind::terminate())?;
                tokio::select! {
                    _ = terminate.recv() => Ok(()),
                    told = tokio::signal::ctrl_c() => told,
                }
            });
            if told.is_ok() {
                let _ = std::fs::remove_dir_all(folder);
                std::process::exit(130);
            }
        });
    }

    /// Where a store of its own can lie.
    pub(super) fn fresh(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// The kind of file system that `path` is on: that of the longest mount point above it.
fn filesystem(mounts: &str, path: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let above = mounts.filter(|(at, _)| path.starts_with(at));
    above.max_by_key(|(at, _)| at.len()).map(|(_, kind)| kind.to_owned())
}

/// Bytes that the files below `folder` take on disk. Files that go away meanwhile count nothing.
pub(super) fn bytes_in(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let size = |path: PathBuf| match path.symlink_metadata() {
        Ok(found) if found.is_dir() => bytes_in(&path),
        Ok(found) => found.blocks() * 512,
        Err(_) => 0,
    };
    entries.filter_map(Result::ok).map(|entry| size(entry.path())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_on_the_nearest_mount_above_it() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/disk xfs rw 0 0\n";
        assert_eq!(filesystem(mounts, Path::new("/home/x")).as_deref(), Some("ext4"));
        assert_eq!(filesystem(mounts, Path::new("/tmp/x")).as_deref(), Some("tmpfs"));
        assert_eq!(filesystem(mounts, Path::new("/tmp/disk/x")).as_deref(), Some("xfs"));
        assert_eq!(filesystem(mounts, Path::new("/tmpx")).as_deref(), Some("ext4"));
    }

    #[test]
    fn a_folder_takes_what_its_files_take() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("in")).expect("a folder");
        std::fs::write(folder.path().join("in/file"), vec![1; 10_000]).expect("a file");
        assert!((10_000..100_000).contains(&bytes_in(folder.path())));
    }
}
