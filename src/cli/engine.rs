//! Hands subjects to `operations::validate`, and makes results of its findings. The only file of the
//! command that knows that engine.

use std::{collections::HashMap, path::PathBuf};

use anyhow::{Context, Result};

use super::{arguments::ProofArguments, environment::Environment, input::entries::Subject};
use crate::{
    domain::registry_credential::RegistryCredential,
    operations::{
        report::{Registry, findings::registry_of},
        validate::{Examination, Finding, Request, Watch, WithoutImage, validate_watched},
    },
};

/// Proves every credential among `subjects`, each once, and returns the results in their order.
///
/// # Errors
/// When a proxy's address cannot be used, or the system does not let the command wait for several
/// connections.
pub fn prove(
    subjects: Vec<Subject>,
    arguments: &ProofArguments,
    environment: &Environment,
    watch: &dyn Watch,
) -> Result<Vec<Registry>> {
    let (examinations, places) = examinations(&subjects);
    let findings = validate_watched(
        Request {
            credentials: examinations,
            network: arguments.network(environment)?,
            run_timeout: arguments.run_timeout(),
            authorities: environment.authorities(),
            cert_dir: PathBuf::from(&arguments.cert_dir),
            parallelism: usize::from(arguments.parallelism),
        },
        watch,
    );
    let findings = findings.context("cannot wait for several connections")?;
    let results = subjects
        .into_iter()
        .zip(places)
        .map(|(subject, place)| match subject {
            Subject::Apart(registry) => *registry,
            Subject::Credential(credential) => result(&credential, &findings, place),
        });
    Ok(results.collect())
}

/// Where the finding for a subject is, and whether it was made for another subject.
#[derive(Clone, Copy)]
enum Place {
    None,
    Own(usize),
    Shared(usize),
}

/// The same credential may stand in several files, and under several spellings: it is asked for once.
fn examinations(subjects: &[Subject]) -> (Vec<Examination>, Vec<Place>) {
    let mut examinations: Vec<Examination> = Vec::new();
    let mut known: HashMap<String, Vec<usize>> = HashMap::new();
    let mut places = Vec::new();
    for subject in subjects {
        let Subject::Credential(credential) = subject else {
            places.push(Place::None);
            continue;
        };
        let alike = known.entry(credential.host.to_string()).or_default();
        let same = |index: &&usize| is_same(&examinations[**index].credential, credential);
        places.push(match alike.iter().find(same) {
            Some(index) => Place::Shared(*index),
            None => {
                alike.push(examinations.len());
                examinations.push(examination(credential));
                Place::Own(examinations.len() - 1)
            }
        });
    }
    (examinations, places)
}

fn is_same(one: &RegistryCredential, other: &RegistryCredential) -> bool {
    one.credential == other.credential
        && one.test_image == other.test_image
        && one.security == other.security
}

fn examination(credential: &RegistryCredential) -> Examination {
    Examination {
        credential: credential.clone(),
        without_image: WithoutImage::LogIn,
    }
}

fn result(credential: &RegistryCredential, findings: &[Finding], place: Place) -> Registry {
    let (index, is_shared) = match place {
        Place::Own(index) => (index, false),
        Place::Shared(index) => (index, true),
        Place::None => unreachable!("every credential has a finding"),
    };
    let finding = Finding {
        credential: credential.clone(),
        ..findings[index].clone()
    };
    let registry = registry_of(&finding);
    if is_shared {
        return Registry {
            requests: 0,
            elapsed_ms: 0,
            ..registry
        };
    }
    registry
}
