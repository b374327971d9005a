//! `oreg_node_config` below a directory of a user who swaps names while root works there. Whatever that
//! user does, root's own files keep their content, owner and mode, and no credential of root's reaches
//! that user. As root, since only root can make what belongs to others.
//!
//! The runs are made in this process, at full speed, while a thread swaps: 10,000 of them.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown, lchown, symlink},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use oreg::{
    domain::{
        credential::Credential, merge::Others, reader::Reader, registry_host::RegistryHost,
        secret::Secret,
    },
    operations::{
        Effect,
        configure_node::{Entries, Request, configure_node},
        machine_config::OwnedFiles,
    },
    support::files::WantedAttributes,
};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, open, renameat_with, unlinkat};

use crate::support::scratch::{Scratch, mode, names, read, set_mode, write};

/// The user who attacks.
const NOBODY: u32 = 65_534;
/// Content that only root may know.
const ROOTS: &str = r#"{"auths":{"root-only.example.com":{"auth":"Uk9PVDpPTkxZ"}}}"#;
/// Runs of each attack; five attacks make 10,000.
const RUNS: usize = 2000;

/// The home of nobody, and a directory of root with a credential in it.
struct Stage {
    scratch: Scratch,
}

impl Stage {
    fn new() -> Self {
        let stage = Self {
            scratch: Scratch::in_memory(),
        };
        set_mode(&stage.scratch.path(""), 0o755);
        for directory in ["root", "home", "home/.docker"] {
            fs::create_dir(stage.path(directory)).unwrap();
        }
        let secret = stage.path("root/config.json");
        write(&secret, ROOTS);
        set_mode(&secret, 0o600);
        set_mode(&stage.path("root"), 0o700);
        give(&stage.path("home"));
        give(&stage.path("home/.docker"));
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path(name)
    }

    /// One run of root for a file of nobody; whether it was carried out.
    fn run(&self, name: &str) -> bool {
        let host = RegistryHost::parse("registry.example.com").unwrap();
        let credential = Credential::new("name", Secret::new("pass-one")).unwrap();
        let request = Request {
            paths: vec![self.path(name)],
            entries: Entries::Present(vec![(host, credential)], Others::Keep),
            reader: Reader::DockerAndKubelet,
            owned: OwnedFiles::default(),
            attributes: WantedAttributes {
                mode: 0o600,
                owner: Some(NOBODY),
                group: Some(NOBODY),
            },
            directory_mode: 0o700,
            backup: true,
        };
        let report = configure_node(&request, Effect::Apply, None);
        report.files[0].outcome.is_ok()
    }

    /// Nothing of root's was changed or given away.
    fn check(&self, attack: &str) {
        let secret = self.path("root/config.json");
        assert_eq!(read(&secret), ROOTS, "{attack}");
        for (path, bits) in [(secret, 0o600), (self.path("root"), 0o700)] {
            let owner = path.metadata().unwrap().uid();
            assert_eq!(
                (owner, mode(&path)),
                (0, bits),
                "{attack}: {}",
                path.display()
            );
        }
        assert_eq!(names(&self.path("root")), ["config.json"], "{attack}");
        Self::check_home(&self.path("home"), attack);
    }

    fn check_home(directory: &Path, attack: &str) {
        for entry in directory.read_dir().unwrap() {
            let path = entry.unwrap().path();
            let Ok(found) = fs::symlink_metadata(&path) else {
                continue;
            };
            let is_open = found.uid() == NOBODY || found.mode() & 0o044 != 0;
            if found.is_dir() {
                Self::check_home(&path, attack);
            } else if found.is_file() && is_open {
                let text = fs::read_to_string(&path).unwrap_or_default();
                assert!(
                    !text.contains("Uk9PVDpPTkxZ"),
                    "{attack}: {}",
                    path.display()
                );
            }
        }
    }
}

fn give(path: &Path) {
    lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
}

/// Exchanges two names, as one system call.
fn exchange(one: &Path, other: &Path) {
    let _ = renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE);
}

/// Runs root's work on `name` while a thread repeats `swap`. `reset` begins each run anew.
///
/// On a busy machine the thread may sleep through many runs. So the runs go on, up to ten times as
/// many, until one was carried out and one met the attack.
fn attacked(stage: &Stage, name: &str, reset: impl Fn(), swap: impl Fn() + Send + Sync) {
    let (stop, swaps) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (mut carried_out, mut refused) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                swap();
                swaps.fetch_add(1, Ordering::Relaxed);
            }
        });
        for run in 0..10 * RUNS {
            let is_settled = swaps.load(Ordering::Relaxed) > RUNS && carried_out > 0 && refused > 0;
            if run >= RUNS && is_settled {
                break;
            }
            reset();
            if stage.run(name) {
                carried_out += 1;
            } else {
                refused += 1;
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(swaps.into_inner() > RUNS, "the attacker was at work");
    assert!(
        carried_out > 0 && refused > 0,
        "{name}: {carried_out} runs were carried out and {refused} met the attack"
    );
    stage.check(name);
}

/// Forgets what an earlier run wrote, so that each has something to write.
fn forget(path: &Path) {
    let _ = fs::remove_file(path);
}

#[test]
fn a_directory_swapped_with_a_link_gives_nothing_away() {
    let stage = Stage::new();
    let (real, link) = (stage.path("home/.docker"), stage.path("home/link"));
    symlink(stage.path("root"), &link).unwrap();
    give(&link);
    // By descriptor, because the swapper is at work here, too.
    let reset = || {
        for name in [&real, &link] {
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
            if let Ok(directory) = open(name, flags, Mode::empty()) {
                let _ = unlinkat(&directory, "config.json", AtFlags::empty());
            }
        }
    };
    attacked(&stage, "home/.docker/config.json", reset, || {
        exchange(&real, &link);
    });
}

#[test]
fn a_directory_above_swapped_with_a_link_gives_nothing_away() {
    let stage = Stage::new();
    let (real, link) = (stage.path("home/a"), stage.path("home/link"));
    fs::create_dir(&real).unwrap();
    give(&real);
    symlink(stage.path(""), &link).unwrap();
    give(&link);
    attacked(
        &stage,
        "home/a/root/config.json",
        || {},
        || {
            exchange(&real, &link);
        },
    );
}

#[test]
fn a_directory_that_is_made_and_taken_away_gives_nothing_away() {
    let stage = Stage::new();
    let (home, root) = (stage.path("home/new"), stage.path("root"));
    let reset = || {
        let _ = fs::remove_file(&home);
        let _ = fs::remove_dir_all(&home);
    };
    attacked(&stage, "home/new/config.json", reset, || {
        if fs::remove_dir(&home).is_ok() && symlink(&root, &home).is_ok() {
            let _ = lchown(&home, Some(NOBODY), Some(NOBODY));
        }
    });
}

#[test]
fn a_file_swapped_with_a_second_name_of_roots_gives_nothing_away() {
    let stage = Stage::new();
    let (file, second) = (stage.path("home/config.json"), stage.path("home/second"));
    let secret = stage.path("root/config.json");
    fs::hard_link(&secret, &second).unwrap();
    let reset = || {
        if fs::symlink_metadata(&file).is_err() {
            write(&file, "{}");
            give(&file);
        }
    };
    attacked(&stage, "home/config.json", reset, || {
        exchange(&file, &second);
        // A run that was swapped at the right moment has renamed its new file over the second name.
        // Root's file keeps its content, but without a second name the attack would be over.
        if secret.metadata().unwrap().nlink() == 1 {
            let _ = fs::remove_file(&second);
            let _ = fs::hard_link(&secret, &second);
        }
    });
}

#[test]
fn neighbors_put_there_by_another_user_are_not_written_to() {
    let stage = Stage::new();
    let (file, secret) = (
        stage.path("home/config.json"),
        stage.path("root/config.json"),
    );
    let neighbors =
        ["new", "lock"].map(|purpose| stage.path(&format!("home/.config.json.oreg-{purpose}")));
    attacked(
        &stage,
        "home/config.json",
        || forget(&file),
        || {
            for neighbor in &neighbors {
                let _ = fs::remove_file(neighbor);
                let _ = symlink(&secret, neighbor);
                let _ = fs::remove_file(neighbor);
                let _ = fs::hard_link(&secret, neighbor);
                let _ = fs::remove_file(neighbor);
            }
        },
    );
}

#[test]
fn a_directory_of_root_moved_within_a_home_is_not_given_away() {
    let stage = Stage::new();
    // root made this one in the home earlier; nobody, as the owner of the home, can rename it.
    fs::rename(stage.path("root"), stage.path("home/kept")).unwrap();
    fs::remove_dir(stage.path("home/.docker")).unwrap();
    fs::rename(stage.path("home/kept"), stage.path("home/.docker")).unwrap();
    assert!(!stage.run("home/.docker/config.json"));
    let file = stage.path("home/.docker/config.json");
    assert_eq!(read(&file), ROOTS);
    assert_eq!(file.metadata().unwrap().uid(), 0);
    fs::rename(stage.path("home/.docker"), stage.path("root")).unwrap();
    stage.check("moved");
}

#[test]
fn a_second_name_that_outlived_the_first_is_not_given_away() {
    let stage = Stage::new();
    let (file, secret) = (
        stage.path("home/config.json"),
        stage.path("root/config.json"),
    );
    fs::hard_link(&secret, &file).unwrap();
    // root replaces its own file: the old one has only nobody's name from now on.
    forget(&secret);
    write(&secret, ROOTS);
    set_mode(&secret, 0o600);
    assert!(!stage.run("home/config.json"));
    assert_eq!(
        (read(&file).as_str(), file.metadata().unwrap().uid()),
        (ROOTS, 0)
    );
    stage.check("outlived");
}

#[test]
fn a_third_users_file_in_a_home_is_refused() {
    let stage = Stage::new();
    let file = stage.path("home/config.json");
    write(&file, "{}");
    chown(&file, Some(4711), Some(4711)).unwrap();
    assert!(!stage.run("home/config.json"));
    assert_eq!(
        (read(&file).as_str(), file.metadata().unwrap().uid()),
        ("{}", 4711)
    );
}
