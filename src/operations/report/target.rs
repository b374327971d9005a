//! The proof before an upgrade: the image of the next release.

use serde::Serialize;

use super::{answer::Answer, state::State};
use crate::{domain::verdict::Verdict, inventory_vars::names};

const VERSION: &str = "${version}";

/// The options of `oreg_validate` that look for the next release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Arguments {
    openshift_image_tag: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    oreg_test_image: Option<String>,
    missing_image: &'static str,
}

/// Makes the options: the image that the inventory names as test image is looked for with the tag of the
/// next release.
///
/// # Errors
/// A sentence when no release is named.
pub fn arguments(tag: &str, test_image: Option<&str>) -> Result<Arguments, String> {
    if tag.is_empty() {
        return Err(
            "Which release is to come? Say so with -e oreg_target_tag=v3.11.500, or set openshift_image_tag to \
             it in the inventory."
                .to_owned(),
        );
    }
    Ok(Arguments {
        openshift_image_tag: tag.to_owned(),
        oreg_test_image: test_image.map(|image| with_tag(image, tag)),
        missing_image: "fail",
    })
}

/// Judges what was found.
///
/// # Errors
/// A sentence when the registry was asked for another image than that of the next release.
pub fn judge(answer: &Answer, tag: &str) -> Result<String, String> {
    let registries = answer.registries().unwrap_or_default();
    let main = registries
        .into_iter()
        .find(|registry| registry.source.ends_with(names::OREG_URL));
    let Some(main) = main else {
        return Ok(format!(
            "The main registry has no credential in this inventory, so no images of {tag} were looked for there."
        ));
    };
    let image = main.test_image.unwrap_or_default();
    let found = image.rsplit(':').next().unwrap_or_default();
    if main.verdict == State::Proven(Verdict::Skipped) || found != tag {
        let asked = if image.is_empty() { "nothing" } else { &image };
        return Err(format!(
            "{} was not asked for {tag}, but for {asked}: let oreg_url end with ${{version}}, and do not set \
             oreg_test_login to false.",
            main.host
        ));
    }
    let digest = main.digest.filter(|digest| !digest.is_empty());
    Ok(format!(
        "{} has {image} ({})",
        main.host,
        digest.as_deref().unwrap_or("no digest")
    ))
}

fn with_tag(image: &str, tag: &str) -> String {
    if image.contains(VERSION) {
        return image.to_owned();
    }
    // A colon before the last slash is that of a port.
    let name = image.rfind('/').map_or(0, |slash| slash + 1);
    let end = image[name..]
        .find([':', '@'])
        .map_or(image.len(), |mark| name + mark);
    format!("{}:{tag}", &image[..end])
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn the_test_image_gets_the_tag_to_come() {
        let table = [
            ("a/b", "a/b:v9"),
            ("a/b:v3.11", "a/b:v9"),
            ("h:5000/a/b:v3.11", "h:5000/a/b:v9"),
            ("h:5000/a", "h:5000/a:v9"),
            ("a/b@sha256:00", "a/b:v9"),
            ("a/b:${version}", "a/b:${version}"),
        ];
        for (image, expected) in table {
            let found = arguments("v9", Some(image)).unwrap();
            assert_eq!(found.oreg_test_image.as_deref(), Some(expected));
        }
        assert!(
            arguments("", None)
                .unwrap_err()
                .starts_with("Which release is to come?")
        );
    }

    #[test]
    fn only_the_image_of_the_release_is_a_proof() {
        let judged = |registry: serde_json::Value| {
            let answer: Answer = from_value(json!({"registries": [registry]})).unwrap();
            judge(&answer, "v9")
        };
        let main = |verdict: &str, image: &str| json!({"host": "r.io", "source": "oreg_url", "verdict": verdict, "test_image": image, "digest": "sha256:1"});
        assert_eq!(
            judged(main("valid", "a:v9")).unwrap(),
            "r.io has a:v9 (sha256:1)"
        );
        for odd in [
            main("valid", "a:v8"),
            main("skipped", "a:v9"),
            main("valid", ""),
        ] {
            assert!(
                judged(odd)
                    .unwrap_err()
                    .contains("was not asked for v9, but for")
            );
        }
        let other = json!({"host": "r.io", "source": "x[0]", "verdict": "valid"});
        assert!(judged(other).unwrap().contains("has no credential"));
    }
}
