//! `oreg_node_config` as Ansible runs it.

use std::{
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt, symlink},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::support::{
    module::{Answer, Module},
    scratch::{Scratch, mode, names, read, set_mode, write},
};

/// base64 of `name:pass-one`
const ONE: &str = "bmFtZTpwYXNzLW9uZQ==";
/// base64 of `name:pass-two`
const TWO: &str = "bmFtZTpwYXNzLXR3bw==";

fn registry(host: &str, password: &str) -> Value {
    json!({"host": host, "user": "name", "password": password})
}

fn module(paths: &[&Path], registries: &[Value]) -> Module {
    Module::new("oreg_node_config").args(json!({
        "paths": paths,
        "openshift_additional_registry_credentials": registries,
    }))
}

fn one(path: &Path) -> Module {
    module(&[path], &[registry("registry.example.com", "pass-one")])
}

/// Check, apply, again, again in check: told beforehand, done once, then at rest.
fn four_steps(call: impl Fn() -> Module) -> Answer {
    let told = call().check().diff().run().ok();
    assert_eq!(told.json["changed"], true, "{}", told.stdout);
    let done = call().diff().run().ok();
    assert_eq!(told.json, done.json, "check mode tells what is done");
    for rest in [call(), call().check()] {
        let answer = rest.diff().run().ok();
        assert_eq!(answer.json["changed"], false, "{}", answer.stdout);
        assert_eq!(answer.json.get("diff"), None);
    }
    done
}

#[test]
fn makes_a_private_file_in_private_directories() {
    let scratch = Scratch::new();
    let path = scratch.path("home/.docker/config.json");
    let answer = four_steps(|| one(&path));
    assert_eq!(
        read(&path),
        format!(
            "{{\n\t\"auths\": {{\n\t\t\"registry.example.com\": {{\n\t\t\t\"auth\": \"{ONE}\"\n\t\t}}\n\t}}\n}}\n"
        )
    );
    let directory = path.parent().unwrap();
    assert_eq!((mode(&path), mode(directory)), (0o600, 0o700));
    assert_eq!(names(directory), ["config.json"]);
    assert_eq!(
        answer.json,
        json!({
            "changed": true,
            "files": [{
                "path": path, "changed": true, "added": ["registry.example.com"], "updated": [],
                "removed": [], "backup_file": null, "warnings": [],
            }],
            "diff": [{
                "before_header": path, "before": "", "after_header": path,
                "after": "mode: 0600\nregistry.example.com: user=name password=sha256:c1f79d\n",
            }],
        })
    );
}

#[test]
fn check_mode_leaves_no_trace() {
    let scratch = Scratch::new();
    let path = scratch.write("config.json", "{}");
    let before = fs::metadata(scratch.path("")).unwrap();
    assert!(one(&path).check().run().changed());
    let after = fs::metadata(scratch.path("")).unwrap();
    assert_eq!((read(&path), mode(&path)), ("{}".to_owned(), 0o644));
    assert_eq!(
        (before.ctime(), before.ctime_nsec()),
        (after.ctime(), after.ctime_nsec())
    );
}

#[test]
fn keeps_all_that_others_wrote() {
    let scratch = Scratch::new();
    let path = scratch.write(
        "config.json",
        "{\n  \"HttpHeaders\": {\"User-Agent\": \"Docker-Client/1.13\"},\n  \"auths\": {\n    \
         \"other.example.com\": { \"email\": \"\\u00e9\", \"auth\": \"eDp5\" }\n  },\n  \
         \"detachKeys\": \"ctrl-e,e\",\n  \"n\": 1.50,\n  \"credHelpers\": {\"gcr.io\": \"gcloud\"}\n}",
    );
    four_steps(|| one(&path));
    assert_eq!(
        read(&path),
        format!(
            "{{\n  \"HttpHeaders\": {{\"User-Agent\": \"Docker-Client/1.13\"}},\n  \"auths\": {{\n    \
             \"other.example.com\": {{ \"email\": \"\\u00e9\", \"auth\": \"eDp5\" }},\n    \
             \"registry.example.com\": {{\n      \"auth\": \"{ONE}\"\n    }}\n  }},\n  \
             \"detachKeys\": \"ctrl-e,e\",\n  \"n\": 1.50,\n  \"credHelpers\": {{\"gcr.io\": \"gcloud\"}}\n}}"
        )
    );
}

#[test]
fn rotates_a_password_and_drops_what_would_hide_it() {
    let scratch = Scratch::new();
    let path = scratch.write(
        "config.json",
        format!(
            "{{\"auths\":{{\"https://registry.example.com/v1/\":{{\"auth\":\"{ONE}\",\
             \"identitytoken\":\"t0ken-value\"}}}}}}"
        ),
    );
    let two = registry("registry.example.com", "pass-two");
    let answer = four_steps(|| module(&[&path], std::slice::from_ref(&two)));
    assert_eq!(
        read(&path),
        format!("{{\"auths\":{{\"registry.example.com\":{{\"auth\":\"{TWO}\"}}}}}}")
    );
    assert_eq!(
        answer.json["files"][0]["updated"],
        json!(["registry.example.com"])
    );
    let before = answer.json["diff"][0]["before"].as_str().unwrap();
    assert!(before.contains("https://registry.example.com/v1/: user=name password=sha256:"));
    assert!(before.contains(" and a token"));
    for secret in ["pass-one", "pass-two", ONE, TWO, "t0ken-value"] {
        assert!(!answer.stdout.contains(secret), "{secret}");
    }
}

#[test]
fn removes_registries_without_their_passwords() {
    let scratch = Scratch::new();
    let path = scratch.write("config.json", "{\"auths\":{\"a.example.com\":{},\"b\":{}}}");
    let answer = four_steps(|| {
        module(&[&path], &[json!({"host": "a.example.com"})]).args(json!({"state": "absent"}))
    });
    assert_eq!(read(&path), "{\"auths\":{\"b\":{}}}");
    assert_eq!(answer.json["files"][0]["removed"], json!(["a.example.com"]));
}

#[test]
fn nothing_to_remove_makes_no_file() {
    let scratch = Scratch::new();
    let path = scratch.path("home/config.json");
    let call = module(&[&path], &[json!({"host": "a"})]).args(json!({"state": "absent"}));
    assert!(!call.run().changed());
    assert_eq!(scratch.names(), [""; 0]);
}

#[test]
fn exclusive_removes_every_other_entry() {
    let scratch = Scratch::new();
    let path = scratch.write("config.json", "{\"auths\":{\"b\":{}},\"x\":1}");
    let answer = four_steps(|| one(&path).args(json!({"exclusive": true})));
    assert_eq!(answer.json["files"][0]["removed"], json!(["b"]));
    assert_eq!(
        read(&path),
        format!("{{\"auths\":{{\"registry.example.com\":{{\"auth\":\"{ONE}\"}}}},\"x\":1}}")
    );
    let wrong = one(&path).args(json!({"exclusive": true, "state": "absent"}));
    assert!(wrong.run().failure().starts_with("exclusive: "));
}

#[test]
fn a_broken_file_is_refused_with_its_place_and_left_alone() {
    let large = format!("{{\"x\":\"{}\"}}", "y".repeat(1 << 20));
    let deep = format!("{{\"x\":{}", "[".repeat(100_000));
    let scratch = Scratch::new();
    for (text, words) in [
        ("{\n  \"auths\": {,}\n}", "line 2 column"),
        (
            "{\"auths\":{}}\n// end",
            "a comment, which JSON does not have, at line 2 column 1",
        ),
        (
            "{\"a\":1,\n \"a\":2}",
            "a second member named \"a\" at line 2",
        ),
        ("\u{feff}{}", "a byte order mark"),
        ("{\"a\":\0}", "a NUL byte at line 1 column 6"),
        ("[]", "expected an object"),
        (large.as_str(), "larger than 1048576 bytes"),
        (deep.as_str(), "line 1 column"),
    ] {
        let path = scratch.write("config.json", text);
        for call in [one(&path), one(&path).check()] {
            let answer = call.run();
            let message = answer.failure();
            assert!(message.contains(path.to_str().unwrap()), "{message}");
            assert!(message.contains(words), "{message}");
        }
        assert_eq!(read(&path), text);
        assert_eq!(scratch.names(), ["config.json"]);
    }
}

#[test]
fn links_are_followed_and_stay_links() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("real")).unwrap();
    symlink("real/later.json", scratch.path("config.json")).unwrap();
    four_steps(|| one(&scratch.path("config.json")));
    assert!(scratch.path("config.json").is_symlink());
    assert!(read(&scratch.path("real/later.json")).contains(ONE));
    assert_eq!(names(&scratch.path("real")), ["later.json"]);
}

#[test]
fn one_file_under_two_paths_is_changed_once() {
    let scratch = Scratch::new();
    symlink("config.json", scratch.path("link.json")).unwrap();
    let paths = [scratch.path("config.json"), scratch.path("link.json")];
    let call = || {
        let paths: Vec<_> = paths.iter().map(PathBuf::as_path).collect();
        module(&paths, &[registry("registry.example.com", "pass-one")])
    };
    let done = four_steps(call);
    let changed: Vec<_> = [0, 1]
        .map(|n| done.json["files"][n]["changed"].clone())
        .into();
    assert_eq!(changed, [json!(true), json!(false)]);
}

#[test]
fn a_file_does_not_grow_beyond_what_is_read() {
    let scratch = Scratch::new();
    let filler = "x".repeat((1 << 20) - 20);
    let path = scratch.write("config.json", format!("{{\"filler\":\"{filler}\"}}"));
    for call in [one(&path).check(), one(&path)] {
        let answer = call.run();
        assert!(
            answer
                .failure()
                .contains("it would be larger than 1048576 bytes")
        );
        assert_eq!(answer.json["files"][0]["reason"], "too_large");
    }
    assert_eq!(scratch.names(), ["config.json"]);
}

/// As root, since only root can make what belongs to others.
#[cfg(feature = "real")]
#[test]
fn a_link_of_another_user_gives_nothing_away() {
    use std::os::unix::fs::{chown, lchown};

    const OTHER: u32 = 65_534;
    let scratch = Scratch::new();
    let (home, own) = (scratch.path("home"), scratch.write("own.json", "{}"));
    fs::create_dir(&home).unwrap();
    let link = home.join("config.json");
    symlink(&own, &link).unwrap();
    lchown(&link, Some(OTHER), None).unwrap();
    chown(&home, Some(OTHER), None).unwrap();

    let options = json!({"paths": [link], "owner": OTHER, "openshift_additional_registry_credentials": [
        {"host": "r.example.com", "password": "p"}
    ]});
    let answer = Module::new("oreg_node_config").args(options).run();
    assert!(
        answer.failure().contains("is a link of another user"),
        "{}",
        answer.stdout
    );
    assert_eq!(answer.json["files"][0]["reason"], "unsafe_link");
    assert_eq!(
        (read(&own).as_str(), fs::metadata(&own).unwrap().uid()),
        ("{}", 0)
    );

    chown(&own, Some(OTHER), None).unwrap();
    assert!(
        one(&link).run().ok().json["changed"] == true,
        "a file of theirs"
    );
}

#[test]
fn what_is_no_file_is_refused() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("directory")).unwrap();
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        scratch.path("fifo"),
        rustix::fs::Mode::from_raw_mode(0o600),
    )
    .unwrap();
    let message = |path: &Path| one(path).run().failure().to_owned();
    assert!(message(&scratch.path("directory")).contains("is a directory"));
    assert!(message(&scratch.path("fifo")).contains("is a FIFO"));
    assert!(message(Path::new("/dev/null")).contains("is a device"));
    let fifo = fs::symlink_metadata(scratch.path("fifo")).unwrap();
    assert!(fifo.file_type().is_fifo());
}

#[test]
fn a_directory_open_to_everybody_is_refused() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("open")).unwrap();
    set_mode(&scratch.path("open"), 0o777);
    let answer = one(&scratch.path("open/config.json")).run();
    assert!(answer.failure().contains("writable by everybody"));
    assert_eq!(answer.json["files"][0]["reason"], "unsafe_directory");
}

#[test]
fn a_wrong_mode_alone_is_mended_in_place() {
    let scratch = Scratch::new();
    let path = scratch.path("config.json");
    assert!(one(&path).run().changed());
    set_mode(&path, 0o644);
    let before = fs::metadata(&path).unwrap();
    let answer = four_steps(|| one(&path));
    let after = fs::metadata(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(
        (before.ino(), before.mtime_nsec()),
        (after.ino(), after.mtime_nsec())
    );
    let diff = &answer.json["diff"][0];
    assert_eq!(
        (&diff["before"], &diff["after"]),
        (&json!("mode: 0644\n"), &json!("mode: 0600\n"))
    );
    four_steps(|| one(&path).args(json!({"mode": "0640"})));
    assert_eq!(mode(&path), 0o640);
}

#[test]
fn at_rest_nothing_is_touched() {
    let scratch = Scratch::new();
    let path = scratch.path("home/config.json");
    assert!(one(&path).run().changed());
    let times = || {
        let of =
            |path: &Path| fs::metadata(path).map(|m| (m.ino(), m.mtime_nsec(), m.ctime_nsec()));
        (of(&path).unwrap(), of(path.parent().unwrap()).unwrap())
    };
    let before = times();
    assert!(!one(&path).run().changed());
    assert_eq!(before, times());
}

#[test]
fn owner_and_group_are_kept_or_set() {
    let scratch = Scratch::new();
    let path = scratch.write("config.json", "{}");
    let us = fs::metadata(&path).unwrap();
    four_steps(|| one(&path));
    let kept = fs::metadata(&path).unwrap();
    assert_eq!((us.uid(), us.gid()), (kept.uid(), kept.gid()));
    let number = us.gid().to_string();
    assert!(!one(&path).args(json!({"group": number})).run().changed());
    let answer = one(&path).args(json!({"owner": "no-such-user"})).run();
    assert!(
        answer
            .failure()
            .starts_with("owner: /etc/passwd has no user \"no-such-user\"")
    );
    if us.uid() == 0 {
        four_steps(|| one(&path).args(json!({"owner": "nobody", "group": 4711})));
        let given = fs::metadata(&path).unwrap();
        assert_eq!((given.uid(), given.gid()), (65534, 4711));
        let two = registry("registry.example.com", "pass-two");
        assert!(module(&[&path], &[two]).run().changed());
        let kept = fs::metadata(&path).unwrap();
        assert_eq!((kept.uid(), kept.gid()), (65534, 4711));
    }
}

#[test]
fn a_copy_of_the_old_file_is_kept_on_request() {
    let scratch = Scratch::new();
    let path = scratch.write("config.json", "{\"x\":1}");
    let backup = json!({"backup": true});
    let answer = one(&path).args(backup.clone()).run().ok();
    let copy = answer.json["files"][0]["backup_file"].as_str().unwrap();
    assert!(copy.ends_with('~'), "{copy}");
    assert_eq!(read(Path::new(copy)), "{\"x\":1}");
    assert!(!one(&path).args(backup).run().changed());
    assert_eq!(scratch.names().len(), 2);
}

#[test]
fn each_of_two_files_is_reported() {
    let scratch = Scratch::new();
    let (bad, good) = (scratch.write("bad", "{"), scratch.path("good/config.json"));
    let answer = module(
        &[&bad, &good],
        &[registry("registry.example.com", "pass-one")],
    )
    .run();
    assert!(answer.failure().contains(bad.to_str().unwrap()));
    assert_eq!(answer.json["changed"], true);
    assert_eq!(answer.json["files"][0]["reason"], "malformed");
    assert_eq!(
        answer.json["files"][1]["added"],
        json!(["registry.example.com"])
    );
    assert_eq!((read(&bad).as_str(), mode(&bad)), ("{", 0o644));
    assert!(read(&good).contains(ONE));
}

#[test]
fn reports_who_will_not_read_what_is_written() {
    let scratch = Scratch::new();
    let path = scratch.write(
        "config.json",
        "{\"credsStore\":\"pass\",\"credHelpers\":{\"registry.example.com\":\"ecr\"},\
         \"auths\":{\"broken.example.com\":{\"auth\":\"!\"}}}",
    );
    let answer = one(&path).run().ok();
    let warnings = answer.json["warnings"].as_array().unwrap();
    let warnings: Vec<_> = warnings.iter().map(|text| text.as_str().unwrap()).collect();
    let prefix = format!("{}: ", path.display());
    assert!(
        warnings.iter().all(|text| text.starts_with(&prefix)),
        "{warnings:?}"
    );
    assert_eq!(warnings.len(), 3);
    assert!(
        warnings[0].contains("credential store pass") && warnings[0].contains("kubelet ignores")
    );
    assert!(warnings[1].contains("credential helper ecr for registry.example.com"));
    assert!(warnings[2].contains("the entry broken.example.com cannot be read"));
    assert!(warnings[2].contains("kubelet ignores the whole file"));
}

#[test]
fn an_own_entry_that_no_reader_understands_is_repaired() {
    let scratch = Scratch::new();
    let path = scratch.write(
        "config.json",
        "{\"auths\":{\"registry.example.com\":{\"auth\":\"!\"}}}",
    );
    let answer = four_steps(|| one(&path));
    assert_eq!(answer.json.get("warnings"), None);
    assert!(read(&path).contains(ONE));
}

#[test]
fn the_default_files_are_those_of_a_node() {
    let answer = Module::new("oreg_node_config").check().run();
    let paths = answer.json["files"].as_array().unwrap().iter();
    let paths: Vec<_> = paths.map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "/var/lib/origin/.docker/config.json",
            "/root/.docker/config.json"
        ]
    );
}

#[test]
fn the_file_that_is_written_twice_by_two_names_is_written_once() {
    let scratch = Scratch::new();
    let path = scratch.path("config.json");
    write(&path, "{}");
    symlink("config.json", scratch.path("again.json")).unwrap();
    let again = scratch.path("again.json");
    let answer = module(&[&path, &again], &[registry("a.example.com", "pass-one")]).run();
    assert_eq!(answer.json["files"][0]["changed"], true);
    assert_eq!(answer.json["files"][1]["changed"], false);
}

/// With a note of the restart, as the playbooks run it.
fn noted(path: &Path, note: &Path) -> Module {
    one(path).args(json!({"restart_note": note}))
}

fn restart_due(call: &Module) -> bool {
    call.run().ok().json["restart_due"].as_bool().unwrap()
}

#[test]
fn a_due_restart_is_noted_until_it_is_done() {
    let scratch = Scratch::new();
    let (path, note) = (scratch.path("home/config.json"), scratch.path("run/note"));
    let call = || noted(&path, &note);
    let done = || {
        Module::new("oreg_node_config").args(json!({"restart_note": note, "restart_done": true}))
    };
    // Check, apply, again, again in check.
    assert!(restart_due(&call().check()));
    assert!(!note.exists() && !path.exists());
    assert!(restart_due(&call()) && note.exists());
    for rest in [call(), call().check()] {
        let answer = rest.run().ok();
        assert_eq!(answer.json["changed"], false);
        assert_eq!(
            answer.json["restart_due"], true,
            "the note of an earlier run"
        );
    }
    // The same for the restart that was done.
    let told = done().check().run().ok();
    assert!(note.exists());
    assert_eq!(told.json, done().run().ok().json);
    assert_eq!(
        told.json,
        json!({"changed": true, "files": [], "restart_due": false})
    );
    assert!(!note.exists());
    assert!(!done().run().changed() && !done().check().run().changed());
    assert!(!restart_due(&call()) && !note.exists());
}

#[test]
fn nothing_changes_where_a_restart_cannot_be_noted() {
    let scratch = Scratch::new();
    let path = scratch.write("config.json", "{}");
    scratch.write("file", "");
    let answer = noted(&path, &scratch.path("file/note")).run();
    assert!(answer.failure().contains("is a file"), "{}", answer.stdout);
    assert_eq!((read(&path), scratch.names().len()), ("{}".to_owned(), 2));
    let answer = Module::new("oreg_node_config")
        .args(json!({"restart_done": true}))
        .run();
    assert!(answer.failure().starts_with("restart_done: "));
    assert_eq!(one(&path).check().run().ok().json.get("restart_due"), None);
}

#[test]
fn profiles_name_the_files_of_their_readers() {
    for (profile, path) in [
        ("microshift", "/etc/crio/openshift-pull-secret"),
        ("kubelet", "/var/lib/kubelet/config.json"),
        ("podman", "/root/.config/containers/auth.json"),
    ] {
        let call = Module::new("oreg_node_config").args(json!({"profile": profile}));
        // A user without rights may not look at the files of root, whose names count here.
        let answer = call.check().run();
        let files = answer.json["files"].as_array().unwrap();
        assert_eq!(files.len(), 1, "{profile}");
        assert_eq!(files[0]["path"], path, "{profile}");
    }
    let scratch = Scratch::new();
    let path = scratch.path("auth.json");
    let answer = four_steps(|| {
        module(&[&path], &[registry("docker.io", "pass-one")]).args(json!({"profile": "podman"}))
    });
    assert_eq!(answer.json["files"][0]["added"], json!(["docker.io"]));
}
